"""Words that only describe, praise or join, and nouns that speak of the picture itself: neither is told as missing."""

from __future__ import annotations

from typing import Final

_WORDS = """
16k 2d 2x 3d 4k 8k a abandoned abandoned-looking about above abstract abstracted across adorable adult after again
against aged all almost along already also although always am amazing ambience ambient among amongst an analog ancient
and angry another antique any ar arabian arctic are arid around arranged as asian at atmospheric awesome backlit baked
bare barren be beautiful beautifully because been before behind being below beside best between big blue-eyed blurred
blurry boiled bold both branded brave breathtaking bright bright-eyed bright-red broken burnt bustling busy but by
calm camera-angle can captioned captured capturing carved celestial celtic centered centred certain charming cheap
checkered cheerful cheerful-looking chinese chubby cinematic classic classical clean clear clever close close-by
closed cloudy-ish cloudy-looking cold colored colorful coloured colourful common complex containing contains
contemporary cooked cool cosmic cosy could covered cozy cozy-looking creamy creative creepy crisp crispy crowded
crumbling crunchy curious cursed curved cute cute-looking dark de decorated decorative deep delicious dense depicting
depicts deserted designed detailed did different digital dim distant divine do does dof dotted double down dpi
dramatic dreamlike dreamy dry du during dusty dynamic e.g each early eastern eerie egyptian elderly electric elegant
else em empty en enchanted enchanting endless english enormous epic etc ethereal european ever every expensive
expressive faded false famous fancy fantastic fantasy far fast featured featuring female-looking fertile few fierce
filled final fine first flat fluffy focused for forgotten framed french fresh fresh-baked friendly from frosty
full funny furry futuristic general gentle german giant gigantic gleaming glittering global gloomy glossy glow glowing
golden-brown good gorgeous gothic graceful grand grassy great greek had hairy handmade happy hard has haunted have
having hazy hdr he heavy hello her here heroic hi hidden high high-quality high-resolution highly highly-detailed
hilly him his holy homemade hot how however huge humid hungry hyperreal hyperrealistic i i.e iconic icy ideal if
important in includes including incredible indian indoor infinite inner inspired into intricate is it italian its
itself japanese joyful juicy just kind-hearted knitted labeled large last late layered leafy left-handed legendary
light-filled like lined lit little little-known lively local lonely long looking-like loose lost loud love-themed
lovely low lower lush luxurious luxury made magical magnificent main majestic male-looking many massive matched
matching matte may maybe me mechanical medieval met metallic mexican mid might mighty minimal minimalist minimalistic
modern moody moonlit more mossy most much muddy multiple muscular must muted my mysterious mystical mythical
narrow national natural near nearby nearly never new next nice niji no noble noisy nor nordic northern not numerous of
off often ok okay old on once one ones only onto op opaque open opposite or organic original ornate other our out
outdoor outer over overgrown overlooking own own-made padded painted painted-on pale panoramic peaceful per perfect
perfectly perhaps person- photographic photoreal photorealism photorealistic placed plaid playful please polar
polished popular possible prehistoric premium pretty private professional professional-grade professionally proud
proud-looking public quite rare rather raw real realism realistic realistic-looking really reflecting reflective
remote renaissance rendered retro rich ripe roasted rocky rolling roman rough rough-hewn round rugged ruined rural
russian rustic sacred sad safe salty same sandy scary scattered scenic secret seen senior separate serene set several
sewn shaggy shallow sharp sharp-eyed she shimmering shining shiny short should showing silent silly simple since
single single-minded sleek sleepy slender sliced slightly slim slow small smart smooth snowcapped so soft softly
some soon sore southern southern-most spanish sparkling sparkly special spectacular spicy spooky spotted spread square
stacked starlit starry-eyed steaming steep still strange striped strong stunning style-of styled stylised
stylize stylized subtle such sunlit sunlit-looking super surreal surrounded sweet symmetrical take taken tall
tall-looking tasty teenage textured than thanks that the their them themed themselves then there these they thick thin
third thirsty this those though through tight tiny tiny-looking tired titled to toasted too toward towards towering
traditional tranquil translucent transparent triple tropical true turkish two-story typical uhd ultra ultra-detailed
ultra-realistic ultrarealistic under une unique unless unlit uno until up upcoming upper urban us use used using v5 v6
various vast velvety verdant very very-detailed via vibrant victorian vintage visible vivid warm was we weak weathered
weathered-looking well-known well-lit were western wet what when where which while whimsical who whole whom whose why
wide wild wild-looking will winding windy winning wireless wise with within without wooded wooden wooden-looking
woolly worn would woven writing written yes yet you young young-looking your yummy в и из на над под с у
から が で と に の は を 上 下 中 在 的 里
"""
# nouns that say what kind of picture it is, unless they stand in it as things do: "a poster on a wall"
_ABOUT_THE_PICTURE = """
ad ads advertisement aesthetic angle anime aperture art article artstation artwork aspect atmosphere award back
backdrop background badge banner behance blender bottom card cartoon center centre clipart closeup color colors colour
colours comic commercial composition concept contrast corner cover crop depth design detail details deviantart
distance drawing edge edges editorial emblem engine exposure fashion favicon field film flyer focus foreground form
forms framing front graphic header hero hour icon illustration image instagram invitation iso kind landscape layer
layers layout left lens level lifestyle light lighting lights line lines logo logotype manga marketing mascot
masterpiece media middle mockup monogram mood movie negative octane packshot painting palette pattern perspective
photo photograph photography picture pinterest portrait portraits post poster presentation print product prompt
quality ratio render rendering resolution right saturation scale scene seed shape shapes sharpness shot side size
slide social sort steps sticker style subject template texture textures theme thumbnail tone tones top trending type
unreal vector version vibe view wallpaper youtube
"""
# what a prompt says to whoever draws
_COMMANDS = """
say says saying said read reads titled captioned called named labeled labelled caption text
captured create design draw generate get give make need paint placed please produce render set show take use want
write
"""

SILENT: Final = frozenset(_WORDS.split())
ABOUT_THE_PICTURE: Final = frozenset(_ABOUT_THE_PICTURE.split())
COMMANDS: Final = frozenset(_COMMANDS.split())
