"""Which tests hold each fault that was reported from outside: `python -m tests.faults.reported [NUMBER…] [--run]`.

Without --run it prints, for each fault by its number, how many cases hold it; with it, these cases are run.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
HELD: dict[str, tuple[str, str]] = {
    # Money ------------------------------------------------------------------------------------------------------------
    "1": (
        "a call that was sent is settled whatever is raised after it",
        "faults/test_attempts.py::a_defect_after_sending faults/test_foreign.py faults/test_settling.py::a_defect_is "
        "faults/test_pictures.py::every_call_that_brought net/test_edges.py::a_location_that_is_no_address "
        "net/test_edges.py::an_address_that_has_no_spelling media/test_kinds.py::whatever_a_decoder",
    ),
    "2": (
        "a cancellation takes each part as it stands, at its true cost",
        "faults/test_attempts.py::a_cancellation faults/test_attempts.py::work_found_after",
    ),
    "3": (
        "a cost cap counts reference images; one price everywhere",
        "mcp/test_prices_and_tiers.py::references_count mcp/test_prices_and_tiers.py::what_is_held "
        "routing/test_pricing.py",
    ),
    "4": (
        "resumed work is booked at its own recorded price",
        "faults/test_attempts.py::a_resumed_call faults/test_late.py::what_comes_late",
    ),
    "5": (
        "what was never sent is free",
        "faults/test_attempts.py::a_call_that_finds_no_free_place faults/test_attempts.py::a_call_whose_time "
        "faults/test_attempts.py::a_defect_before mcp/test_slow_lane.py::a_batch_is_on_record_only "
        "net/test_edges.py::a_handshake_that_stalls net/test_edges.py::a_look_up_that_stalls "
        "net/test_edges.py::a_server_that_speaks_no_tls net/test_edges.py::a_certificate",
    ),
    "6": (
        "every living row has a price or a bound; a lower tier says so first",
        "providers/test_tiers.py routing/test_router.py::one_key_serves routing/test_router.py::a_limit_that_leaves "
        "mcp/test_prices_and_tiers.py::a_lower_tier mcp/test_shortfalls.py::a_lower_tier",
    ),
    "7": (
        "what has no listed price ranks by its bound",
        "routing/test_router.py::a_row_without_any_price routing/test_router.py::no_tier_is_dearer "
        "routing/test_pricing.py::a_bound faults/test_attempts.py::a_cost_that_is_no_more",
    ),
    "8": (
        "a refusal is billed where its provider bills it",
        "faults/test_money.py::a_refusal_counts faults/test_money.py::an_error_answer "
        "providers/test_parse_fal.py::what_a_runner providers/test_parse_gemini.py::an_end_for_another "
        "providers/test_books.py providers/test_reading_causes.py::an_error_inside",
    ),
    "9": (
        "a key that cannot be sent costs nothing",
        "net/test_edges.py::a_header_that_cannot base/test_config.py::what_cannot_be_a_key",
    ),
    "9b": (
        "a defect in a trial does not keep a healthy provider shut",
        "faults/test_attempts.py::a_trial_that_ends storage/test_registry_jobs.py::one_trial",
    ),
    # Several clients on one home --------------------------------------------------------------------------------------
    "10": (
        "accepted work goes only to whoever holds the same key",
        "faults/test_several_clients.py::work_that_a_provider faults/test_several_clients.py::a_job_that_waits "
        "faults/test_kill.py",
    ),
    "11": (
        "commands adopt nothing",
        "faults/test_several_clients.py::what_does_one_thing faults/test_several_clients.py::a_command_leaves "
        "faults/test_detached.py::the_doctor_shows",
    ),
    "12": (
        "renewing leases waits for nobody",
        "faults/test_several_clients.py::a_provider_that_does_not_answer faults/test_restart.py::a_living_process "
        "faults/test_several_clients.py::a_process_that_stands_still",
    ),
    "13": (
        "one bad row harms nobody else",
        "faults/test_storage.py::one_row faults/test_storage.py::what_a_newer "
        "faults/test_storage.py::a_job_that_is_not_understood",
    ),
    "14": (
        "eviction loses nothing; previews count; pinned and unfinished ones stay; there is retention",
        "faults/test_storage.py::a_picture_that_is_evicted faults/test_storage.py::a_deleted "
        "faults/test_storage.py::after_its_days faults/test_storage.py::a_key_that_has_ended "
        "storage/test_registry_assets.py storage/test_registry_retention.py storage/test_store.py::removing_an_image "
        "storage/test_registry_jobs.py::a_preview",
    ),
    "15": (
        "an outcome that is committed late is learned",
        "faults/test_several_clients.py::an_outcome storage/test_registry_late.py",
    ),
    "16": (
        "a key stands for its job though its file is gone, and covers every field",
        "faults/test_attempts.py::a_key_stands jobs/test_joining.py faults/test_money.py::the_same_key",
    ),
    # Paid pictures ----------------------------------------------------------------------------------------------------
    "17": (
        "what is certainly an image is an image, in any wrapping",
        "providers/test_reading_pictures.py providers/test_recorded.py::a_recorded_picture "
        "providers/test_conformance.py::of_four_images",
    ),
    "18": ("a picture on the base host arrives under each of its names", "providers/test_addresses.py"),
    "19": (
        "a picture outlives whoever asked",
        "faults/test_detached.py::a_picture_of_a_synchronous faults/test_detached.py::it_survives "
        "faults/test_detached_kills.py e2e/test_outliving.py",
    ),
    "20": (
        "a repeated call joins",
        "mcp/test_joining.py e2e/test_repeats.py faults/test_detached.py::an_equal_call "
        "storage/test_registry_late.py::a_job_whose_process",
    ),
    "21": (
        "a paid picture that no disk takes is kept",
        "faults/test_storage.py::a_paid_picture faults/test_storage.py::a_picture_that_no_disk "
        "storage/test_image_stores.py::bytes_that storage/test_image_stores.py::a_picture_that_the_store",
    ),
    # Refusals and causes ----------------------------------------------------------------------------------------------
    "22": (
        "a refusal is sold to nobody else",
        "providers/test_reading_causes.py::a_code_that_names providers/test_reading_causes.py::a_sentence "
        "providers/test_reading_causes.py::a_cause_means "
        "providers/test_reading_causes.py::an_error_inside providers/test_recorded.py::a_recorded_refusal "
        "providers/test_reading_pictures.py::what_was_withheld",
    ),
    "23": (
        "a cause means the same at every provider",
        "providers/test_reading_causes.py::a_cause_means providers/test_parse_gemini.py::that_nothing "
        "providers/test_parse_gemini.py::each_documented providers/test_parse_gemini.py::an_end_for_another "
        "providers/test_reading_causes.py::the_free_allowance providers/test_recorded.py::a_recorded_failure",
    ),
    "24": (
        "the sentence that names the cause is kept, a delay in words is heard",
        "providers/test_reading_causes.py::the_sentence providers/test_reading_causes.py::an_error_inside "
        "providers/test_reading_causes.py::a_delay",
    ),
    "25": (
        "a wrong address says so; work that is not found ends; a queue is cleared; a mask stays",
        "providers/test_reading_causes.py::a_404 providers/test_reading_causes.py::a_wrong_account "
        "providers/test_reading_causes.py::a_cause_means "
        "providers/test_reading_causes.py::a_gateways faults/test_uploads.py",
    ),
    "26": (
        "a list of models in any shape is a server that answers",
        "mcp/test_refresh.py::a_server_that_answers providers/test_reading_causes.py::a_list_of_models",
    ),
    # Arguments, references, files, settings ---------------------------------------------------------------------------
    "27": (
        "arguments are read kindly",
        "mcp/test_kindly.py::a_value mcp/test_kindly.py::what_says_nothing mcp/test_kindly.py::every_optional "
        "mcp/test_kindly.py::what_clients_add mcp/test_kindly.py::an_unknown_name "
        "mcp/test_kindly.py::arguments_that mcp/test_kindly.py::a_name mcp/test_kindly.py::other_tools",
    ),
    "28": (
        "names, sizes, seeds and auto mean what people mean",
        "mcp/test_kindly.py::a_large_seed mcp/test_kindly.py::a_size mcp/test_kindly.py::what_says_nothing "
        "mcp/test_prices_and_tiers.py::a_model_goes routing/test_router.py::a_resolution_class "
        "mcp/test_prices_and_tiers.py::togethers mcp/test_prices_and_tiers.py::a_resolution "
        "mcp/test_prices_and_tiers.py::a_pinned routing/test_router.py::auto routing/test_router.py::a_model_is_found "
        "routing/test_router.py::a_provider_is routing/test_router.py::a_model_may",
    ),
    "29": (
        "one bad item refuses no batch; schemas are what four model makers take",
        "mcp/test_batch.py::a_malformed mcp/test_batch.py::every_malformed mcp/test_batch.py::items "
        "mcp/test_schemas.py::no_model mcp/test_background.py::among routing/test_router.py::who_can",
    ),
    "30": (
        "masks and references of every kind",
        "mcp/test_references.py::a_mask mcp/test_references.py::a_telephones media/test_kinds.py",
    ),
    "31": (
        "a reference is itself in every valid spelling",
        "mcp/test_references.py::a_file mcp/test_references.py::a_picture mcp/test_references.py::a_copy "
        "mcp/test_references.py::the_second",
    ),
    "32": (
        "names of files stay whole, and what cannot be is refused before anything is bought",
        "storage/test_paths.py mcp/test_files.py::a_path",
    ),
    "33": ("base URLs as official SDKs write them", "providers/test_base_url.py"),
    "34": (
        "key files: others' are not looked at, ours are told in a sentence",
        "base/test_config.py::files_of_others base/test_config.py::a_key_file base/test_config.py::what_certainly "
        "base/test_config.py::what_cannot_be_a_key",
    ),
    "35": (
        "a misspelt setting is an error that names it",
        "base/test_config.py::a_wrong base/test_config.py::so_does base/test_config.py::a_misspelt "
        "e2e/test_cli.py::a_wrong_setting jobs/test_boosters.py::a_template_that_is_wrong",
    ),
    "36": ("a home that cannot be used is one sentence", "faults/test_home.py"),
    "37": (
        "proxies and own authorities",
        "net/test_edges.py::a_request_goes_through net/test_edges.py::a_proxy net/test_edges.py::which_proxy "
        "net/test_edges.py::a_file_of_certificates",
    ),
    # Protocol and clients ---------------------------------------------------------------------------------------------
    "38": ("both eras until a modern request comes", "faults/test_eras.py mcp/test_front.py::discovering"),
    "39": (
        "each client gets what it shows",
        "mcp/test_results.py::each_client mcp/test_results.py::the_users_own mcp/test_results.py::the_link",
    ),
    "40": (
        "one shape of error everywhere",
        "http/test_services.py::every_refusal e2e/test_http.py::other_methods e2e/test_http.py::mcp_is_answered "
        "http/test_services.py::what_the_protocol http/test_services.py::arguments_that "
        "e2e/test_http.py::a_foreign_host e2e/test_cli.py::a_program_reads "
        "e2e/test_cli.py::a_failure_as_json e2e/test_terminal.py::a_program_gets",
    ),
    "41": (
        "list_models is short and true",
        "mcp/test_models.py mcp/test_schemas.py::the_whole_list mcp/test_schemas.py::a_batch_item "
        "mcp/test_schemas.py::a_tools_schema mcp/test_results.py::other_tools",
    ),
    "42": (
        "progress is honest",
        "mcp/test_waiting.py::progress mcp/test_waiting.py::an_estimate mcp/test_waiting.py::figures "
        "mcp/test_waiting.py::a_queue mcp/test_waiting.py::check_job e2e/test_terminal.py::a_text_is_cut",
    ),
    "43": (
        "the command line as people type it",
        "e2e/test_terminal.py e2e/test_cli.py::paths e2e/test_cli.py::the_version",
    ),
    # The illustrator --------------------------------------------------------------------------------------------------
    "44": ("what was not drawn is named", "local/test_account.py mcp/test_local_edits.py::the_job_and"),
    "45": ("nothing is silently drawn as another", "local/test_account.py"),
    "46": ("edits do what they say or say that they cannot", "mcp/test_local_edits.py local/test_adjusting.py"),
    # Hostile replies and callers --------------------------------------------------------------------------------------
    "47": (
        "a decoder answers sound, converted or refused, in time and memory",
        "media/test_decoder.py faults/test_pictures.py",
    ),
    "48": (
        "JSON is bounded before it is made",
        "base/test_bounded_json.py providers/test_reading_causes.py::json_of net/test_edges.py::an_error_keeps",
    ),
    "49": (
        "secrets are taken out before anything is cut",
        "faults/test_secrets.py base/test_redaction.py faults/test_settling.py::what_the_provider_says",
    ),
    "50": ("no cookies", "net/test_edges.py::no_cookie"),
    "51": ("slow clients are closed", "http/test_patience.py"),
    "52": (
        "links, users, deadlines and held registries",
        "storage/test_paths.py::nothing_is_made storage/test_paths.py::a_user base/test_config.py::a_wrong_value "
        "storage/test_registry_file.py::a_registry_that_another",
    ),
    "53": ("exact origins", "http/test_access.py::another_port e2e/test_http.py::a_foreign_origin"),
}
"""By number: what is promised now; and the files of tests that hold it, or how the tests' names begin."""


def cases(number: str, collected: list[str]) -> list[str]:
    """The collected cases that hold a fault. Raises LookupError where a word of the table finds none."""
    found = list[str]()
    for place in HELD[number][1].split():
        file, _, name = place.partition("::")
        beginning = f"tests/{file}::test_{name}" if name else f"tests/{file}::"
        held = [case for case in collected if case.startswith(beginning)]
        if not held:
            raise LookupError(f"fault {number}: there is no {place}")
        found += held
    return found


class _Collected:
    def __init__(self) -> None:
        self.cases: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.cases = [item.nodeid for item in session.items]


def collected(numbers: list[str]) -> list[str]:
    """Every case of the files that hold these faults."""
    files = sorted({str(TESTS / place.partition("::")[0]) for number in numbers for place in HELD[number][1].split()})
    plugin = _Collected()
    ended = pytest.main([*files, "--collect-only", "-o", "addopts=", "-p", "no:terminal"], plugins=[plugin])
    if ended != pytest.ExitCode.OK:
        raise LookupError(f"the tests could not be collected: {ended}")
    return plugin.cases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.reported")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help=f"of {', '.join(HELD)}; all by default")
    parser.add_argument("--run", action="store_true")
    options = parser.parse_args()
    numbers = options.numbers or list(HELD)
    all_cases = collected(numbers)
    held = {number: cases(number, all_cases) for number in numbers}
    for number, found in held.items():
        tests = Counter(case.partition("[")[0] for case in found)
        sys.stdout.write(f"{number:>3}  {len(tests):4} tests {len(found):5} cases  {HELD[number][0]}\n")
    if not options.run:
        return 0
    sys.stdout.flush()
    return int(pytest.main(["-q", *dict.fromkeys(case for found in held.values() for case in found)]))


if __name__ == "__main__":
    sys.exit(main())
