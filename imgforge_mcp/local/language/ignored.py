"""Words that describe, praise or join, and so are never reported as things that could not be drawn."""

from __future__ import annotations

from typing import Final

_WORDS = """
sports sport ein eine einen einem einer im am vom zum zur mit auf unter über von bei und oder der die das den dem un
una uno unos unas het een op met van le la les du des sur sous avec dans en et con por para del al il lo gli na no
da dos um uma em com в на с и у под над из 在 的 里 の に a an the this that these those of in on at with without and or
but nor to from into onto over under by for as its it his her their our my your is are was were be been being do
does did have has had having will would can could should may might must very so too more most much many some any all
each every both few not only just also such than then there here where when while who whom whose which what how why
if else like against toward towards along across through during after before around among amongst between within
beyond up down out off about near next behind beside above below i you he she we they me him us them itself
themselves one ones other another same own image picture photo photograph scene view shot art artwork illustration
painting painted drawing render rendering rendered composition background foreground backdrop subject style styled
aesthetic design designed mood atmosphere atmospheric vibe tone theme themed concept quality resolution high low
highly detailed detail details intricate ultra hd uhd 4k 8k 16k hdr dpi bokeh depth field dof focus focused sharp
sharpness blurry blurred lens mm f aperture iso exposure camera-angle angle perspective closeup close wide frame
framed framing aspect ratio crop centered centred symmetrical trending artstation deviantart behance pinterest
unreal engine octane blender masterpiece award winning professional professionally best top beautiful beautifully
stunning gorgeous amazing awesome incredible breathtaking spectacular magnificent majestic serene peaceful calm
tranquil quiet dramatic dynamic epic vibrant vivid colorful colourful color colors colour colours colored coloured
bright dim dark light lights lighting lit glow glowing shiny shining sparkling gleaming soft softly hard rough
smooth crisp clean clear subtle bold rich deep pale faded muted warm cool cold hot cute adorable lovely pretty
charming elegant graceful noble proud fierce wild happy sad joyful cheerful angry lonely mysterious mystical magic
magical enchanted enchanting fantastic fantasy surreal dreamy dreamlike ethereal whimsical playful funny silly
creepy spooky scary eerie gloomy moody gothic old young ancient antique modern contemporary futuristic retro vintage
classic classical traditional rustic new fresh aged weathered worn abandoned big small large little tiny huge giant
tall short long narrow thick thin round square flat curved sleek slim massive enormous gigantic simple minimal
minimalist minimalistic complex ornate decorative fancy luxury luxurious premium expensive cheap wooden metal
metallic steel iron glass crystal plastic paper stone concrete leather fabric silk velvet cotton ceramic porcelain
brass copper wireless electric digital analog mechanical wearing wears sitting sits standing stands flying flies
running runs walking walks holding holds looking looks playing plays sleeping sleeps reading reads eating eats
drinking drinks riding rides jumping jumps swimming swims dancing dances floating floats hovering sailing driving
drives smiling laughing crying watching gazing staring posing resting lying leaning hanging falling rising growing
surrounded featuring featured showing shows depicting depicts including includes contains containing filled covered
decorated made make create generate draw paint please want need give show set placed captured capturing taken take
using used use front back side left right middle center centre bottom edge corner distance far distant horizon part
half full empty inspired cozy cosy hour golden time day story stories two-story level scale size piece pieces pair
couple group collection variety natural nature organic realistic realism hyperrealistic photorealistic photographic
stylized stylised abstract expressive creative unique original perfect perfectly ideal great good nice fine super
really quite rather slightly almost nearly still yet ever never always often first second third last final single
double triple multiple various different several lots lot plenty numerous say says saying said read text title
titled caption captioned label labeled word words letters lettering sign written writing font type typography brand
branding branded logo company business startup website web app ui ux banner header hero poster cover flyer thumbnail
wallpaper print product ad ads marketing social media post instagram youtube blog article presentation slide person-
like looking-like kind sort way thing things something anything everything nothing stuff north northern south
southern east eastern west western tropical arctic polar urban rural remote hidden secret lost sunny cloudy rainy
snowy windy foggy misty stormy hazy frosty wet dry humid cinematic photography photorealism film movie anime cartoon
comic manga 3d 2d isometric vector watercolor watercolour oil acrylic ink pastel pixel neon noir cyberpunk steampunk
vaporwave synthwave yes ok okay hello hi thanks light-filled sunlit moonlit starlit backlit well-lit beam beams ray
rays shadow shadows highlight highlights contrast saturation palette gradient texture textures textured layered
layer layers pattern line lines shape shapes form forms edges reflection reflections reflecting reflective scenic
panoramic views overlooking visible seen upcoming approaching style-of de el los las une per negative prompt steps
seed cfg sampler version v5 v6 ar niji stylize chaos raw professional-grade commercial editorial fashion lifestyle
portrait portraits landscape life cozy-looking vast endless infinite winding steep rolling rugged towering lush
verdant barren arid fertile blooming flowering blossoming crowded busy bustling lively noisy silent deserted ruined
early late mid morning evening night afternoon noon ambient ambience cute-looking friendly gentle brave heroic
legendary mythical cosmic celestial divine sacred holy air sky ground surface floor wall energy power speed motion
movement action freedom hope peace love-themed joy serenity harmony balance solitude scattered stacked arranged
lined row rows pile piles stack stacks spread high-quality high-resolution ultra-detailed highly-detailed well-known
famous iconic popular rocky sandy grassy leafy wooded hilly mossy dusty muddy icy snowcapped medieval victorian
renaissance prehistoric slice slices sliced chunk studio roaming grazing typical local
european asian african american english french italian spanish german japanese chinese indian russian mexican turkish
greek roman egyptian nordic celtic arabian tall-looking cheerful-looking little-known cloudy-looking bright-eyed
fluffy furry hairy shaggy chubby slender muscular strong weak hungry thirsty sleepy tired curious clever wise
juicy fresh-baked ripe delicious tasty yummy crunchy crispy creamy spicy sweet salty steaming homemade sparkly
shimmering glittering glossy matte polished translucent transparent opaque velvety woolly knitted padded striped spotted
dotted checkered plaid crumbling abandoned-looking overgrown weathered-looking haunted hands cursed forgotten mighty
tiny-looking
"""

IGNORED: Final = frozenset(_WORDS.split())
