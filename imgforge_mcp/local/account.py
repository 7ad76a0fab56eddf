"""The account of a drawing: which words of the prompt can be seen in it, which cannot, and what stood in for what."""

from __future__ import annotations

from dataclasses import dataclass

from imgforge_mcp.local.scene import Claim, Proof

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Words and phrases of the prompt; 'toad: drawn as a frog' where one thing stood in for another."""

    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader must know, in at most two sentences: what is missing, and what stood in."""
        stand_ins = [entry for entry in self.drawn if ": drawn as " in entry]
        notes = []
        if self.not_drawn:
            more = len(self.not_drawn) - _NAMED
            notes.append(f"Not drawn: {', '.join(self.not_drawn[:_NAMED])}{f' (and {more} more)' if more > 0 else ''}.")
        if stand_ins:
            more = len(stand_ins) - _NAMED
            notes.append(f"{'; '.join(stand_ins[:_NAMED])}{f' (and {more} more)' if more > 0 else ''}.")
        return tuple(notes)


def account_of(claims: tuple[Claim, ...], shown: dict[str, int]) -> Account:
    """Every claim stands in one of the two lists; number, colour and relation with their noun where both are drawn."""
    drawn: list[str] = []
    missing: list[str] = []
    groups = {claim.group for claim in claims if claim.kind == "noun"}
    done: set[int] = set()
    for claim in claims:
        if claim.group in groups:
            if claim.group not in done:
                done.add(claim.group)
                _settle_group([other for other in claims if other.group == claim.group], shown, drawn, missing)
            continue
        proof = _proof(claim, shown)
        (drawn if proof else missing).append(_entry(claim.said, proof))
    return Account(drawn=tuple(dict.fromkeys(drawn)), not_drawn=tuple(dict.fromkeys(missing)))


def _settle_group(claims: list[Claim], shown: dict[str, int], drawn: list[str], missing: list[str]) -> None:
    noun = next(claim for claim in claims if claim.kind == "noun")
    proof = _proof(noun, shown)
    if proof is None:
        missing.append(" ".join(claim.said for claim in claims))
        return
    said: list[str] = []
    for claim in claims:
        if claim is noun or _proof(claim, shown):
            said.append(claim.said)
        elif claim.kind == "number" and (got := _count(claim, shown)):
            drawn.append(f"{claim.said} {noun.said}: drawn as {got}")
        else:
            missing.append(claim.about or claim.said)
    drawn.append(_entry(" ".join(said), proof))


def _entry(said: str, proof: Proof | None) -> str:
    return f"{said}: drawn as {proof.called}" if proof and proof.called else said


def _proof(claim: Claim, shown: dict[str, int]) -> Proof | None:
    return next((proof for proof in claim.proofs if _holds(proof, shown)), None)


def _holds(proof: Proof, shown: dict[str, int]) -> bool:
    if not all(part in shown for part in proof.parts):
        return False
    if proof.count < 0:
        return shown[proof.parts[0]] >= -proof.count
    return not proof.count or shown[proof.parts[0]] == proof.count


def _count(claim: Claim, shown: dict[str, int]) -> int:
    """How many there are instead of as many as were asked for; 0 where they cannot be counted."""
    return shown.get(claim.proofs[0].parts[0], 0) if claim.proofs and "thing:" in claim.proofs[0].parts[0] else 0
