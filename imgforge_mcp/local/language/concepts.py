"""The words that set a scene: places, times, weather, seasons, styles, shots and smaller features."""

from __future__ import annotations

from typing import Final

PLACES: Final = {
    "alpine": (
        "mountain mountains alps alpine peak peaks summit rockies himalaya himalayas everest valley valleys canyon "
        "cliff cliffs ridge highland highlands glacier hillside mountainside andes matterhorn "
        "mountain_range snowy_peaks "
        "yosemite patagonia mountain_road mountain_pass winding_road"
    ),
    "lake": "lake lagoon pond fjord loch waterfront riverside river stream creek lakeside waterfall",
    "fuji": "fuji mount_fuji mt_fuji volcano volcanoes",
    "ocean": "ocean sea waves seascape surf tide open_sea high_seas harbor harbour bay atlantic pacific",
    "coast": "beach coast shore seaside coastline shoreline tropical desert_island tropical_island",
    "forest": (
        "forest woods woodland jungle grove rainforest taiga pine_forest pine_forests bamboo_forest "
        "in_the_trees bamboo autumn_forest winter_forest"
    ),
    "meadow": (
        "meadow park field grass countryside farm prairie lawn hill hills pasture grassland plains savanna savannah "
        "farmland landscape outdoors nature vineyard picnic scenery tundra ranch country_road "
        "rice_terraces rice_terrace rice_paddies rice_paddy rice_fields rice_field"
    ),
    "desert": "desert dunes dune sahara oasis sand",
    "mars": "mars martian red_planet alien_planet lunar_surface on_the_moon",
    "city": (
        "city cityscape skyline skyscraper skyscrapers downtown metropolis urban tokyo manhattan new_york hong_kong "
        "shanghai paris london dubai chicago skylines buildings"
    ),
    "street": (
        "street times_square alley alleyway avenue lane boulevard sidewalk side_street back_alley shopping_street "
        "night_market bazaar road"
    ),
    "room": (
        "room interior kitchen bedroom office indoors library classroom cafe café restaurant living_room coffee_shop "
        "bathroom apartment lounge bar pub fireplace attic hallway corridor desk_setup "
        "on_the_sofa brick_wall brick_walls shop store bakery boutique supermarket grocery bookstore study whiteboard "
        "gym"
    ),
    "stadium": "stadium football_stadium football_pitch football_field sports_ground arena",
    "playground": "playground",
    "studio": (
        "studio photo_studio product packshot mockup pedestal podium countertop tabletop product_shot "
        "product_photo product_photography "
        "hero_image still_life marble_surface wooden_table marble_table on_a_table on_the_table on_a_desk "
        "table marble studio_lighting white_background advertisement commercial cutting_board close_up_food "
        "food_photography"
    ),
    "space": (
        "space galaxy nebula cosmos universe outer_space interstellar milky_way deep_space solar_system "
        "cosmic astronomy "
        "orbit black_hole starfield planets"
    ),
    "underwater": (
        "underwater reef seabed aquarium undersea coral_reef under_the_sea ocean_floor deep_sea sea_floor "
        "submarine_scene"
    ),
    "village": (
        "village town cottage hamlet small_town cobblestone suburb suburban neighborhood neighbourhood farmhouse "
        "countryside_house"
    ),
    "garden": (
        "garden flowerbed flower_garden japanese_garden zen_garden rose_garden backyard greenhouse botanical "
        "courtyard flower_field field_of_flowers wildflowers lavender lavender_field tulip_field sunflower_field "
        "poppies field_of_sunflowers"
    ),
    "abstract": (
        "abstract geometric shapes pattern gradient fractal mosaic geometry wallpaper texture psychedelic kaleidoscope "
        "mandala swirl swirls bauhaus memphis generative fluid_art color_field abstract_art polygons "
        "low_poly_background blobs"
    ),
    "card": (
        "card greeting_card birthday_card invitation invitation_card wedding_invitation party_invitation postcard "
        "thank_you_card christmas_card birthday_invitation"
    ),
    "plain": (
        "icon logo sticker emblem favicon badge clipart app_icon plain_background transparent_background "
        "solid_background simple_background logotype mascot monogram"
    ),
}
TIMES: Final = {
    "sunset": "sunset sundown evening golden_hour golden_light late_afternoon setting_sun",
    "sunrise": "sunrise dawn morning daybreak rising_sun early_morning",
    "dusk": "dusk twilight blue_hour gloaming nightfall",
    "night": (
        "night midnight moonlight moonlit nighttime starry stars moon night_sky full_moon nocturnal starlight starlit "
        "fireflies northern_lights aurora aurora_borealis fireworks crescent_moon"
    ),
    "day": "day noon sunny midday daytime daylight bright_day afternoon blue_sky",
}
WEATHER: Final = {
    "snow": (
        "snow snowy snowing snowfall snowflakes blizzard frozen icy arctic antarctic antarctica frosty "
        "ice iceberg snow_covered "
        "winter_wonderland north_pole snowstorm snowcapped"
    ),
    "blizzard": "blizzard snowstorm",
    "rain": "rain rainy raining drizzle wet downpour puddles puddle rain_soaked",
    "storm": "storm stormy thunderstorm lightning thunder tempest hurricane",
    "fog": "fog foggy mist misty haze hazy mist_covered",
    "cloudy": "cloudy clouds overcast cloudy_sky",
    "clear": "cloudless clear_sky clear_blue_sky no_clouds",
    "aurora": "aurora northern_lights aurora_borealis polar_lights",
    "rainbow": "rainbow rainbows",
    "wind": "windy wind breeze breezy",
}
SEASONS: Final = {
    "autumn": (
        "autumn fall october autumnal fall_foliage fall_colors fall_colours autumn_leaves falling_leaves november "
        "harvest autumn_forest"
    ),
    "winter": "winter wintry december january christmas xmas",
    "spring": "spring springtime april cherry_blossom cherry_blossoms sakura blossoming",
    "summer": "summer summertime july august",
}
STYLES: Final = {
    "watercolour": "watercolor watercolour aquarelle watercolors water_color water_colour gouache",
    "oil": (
        "oil oil_painting oil_paint impasto impressionist impressionism van_gogh monet rembrandt acrylic painterly "
        "brush_strokes brushstrokes fine_art renaissance baroque oil_on_canvas"
    ),
    "pencil": (
        "sketch charcoal graphite pencil_drawing pencil_sketch in_pencil pencil_style pencil_art "
        "pencil_illustration hand_drawn sketched drawing"
    ),
    "ink": (
        "ink ink_drawing pen_and_ink line_art lineart woodcut linocut etching engraving manga sumi_e ink_wash comic "
        "comic_book line_drawing black_ink"
    ),
    "pixel": "pixel pixel_art pixelart 8_bit 16_bit 8bit 16bit pixelated retro_game",
    "flat": (
        "flat vector minimal minimalist minimalistic flat_design flat_vector vector_art vector_illustration "
        "flat_illustration poster_art silkscreen screen_print cartoon infographic"
    ),
    "clay": (
        "clay claymation plasticine isometric 3d_render 3d octane_render blender_render diorama low_poly toy miniature "
        "tilt_shift clay_render c4d voxel"
    ),
    "neon": "neon cyberpunk synthwave vaporwave retrowave outrun blacklight neon_lights neon_glow neon_sign tron cyber",
    "noir": "noir monochrome black_and_white film_noir b&w bw black_white greyscale grayscale",
    "cinematic": (
        "cinematic film photorealistic photo photograph photography realistic dslr movie_still film_still 35mm "
        "hyperrealistic ultra_realistic national_geographic epic anamorphic photo_realistic"
    ),
    "papercut": (
        "papercut paper_cut paper_cutout paper_craft papercraft cut_paper origami layered_paper collage kirigami"
    ),
    "glass": "stained_glass stained_glass_window mosaic_glass tiffany cathedral_window",
    "anime": "anime ghibli studio_ghibli cel_shaded cel_shading makoto_shinkai kawaii",
    "vintage": "vintage retro old_photo polaroid sepia faded nostalgic 1970s 1980s 1950s antique_photo",
    "pastel": "pastel pastels pastel_colors pastel_colours soft_pastel",
    "pop": "pop_art warhol halftone lichtenstein risograph comic_dots",
}
SHOTS: Final = {
    "close": "closeup macro portrait headshot close_up extreme_close_up close-up detail_shot face bust tight_shot",
    "wide": (
        "wide panorama panoramic vista aerial wide_angle wide_shot establishing_shot birds_eye bird_eye "
        "distant far_away "
        "drone_shot landscape_photo"
    ),
    "medium": "medium shot",
}
FEATURES: Final = {
    "lake": "lake pond lagoon fjord loch river stream creek",
    "reflection": "reflection reflections reflected mirrored mirror_like still_water calm_water",
    "waves": "wave waves surf",
    "waterfall": "waterfall waterfalls cascade",
    "trees": "trees pine pines pine_trees pine_forest pine_forests treeline conifers",
    "forest": "forest forests woods woodland",
    "pine": "pine_forest pine_forests pine_trees pine pines conifer spruce fir",
    "path": "path trail footpath pathway walkway track",
    "marble": "marble stone",
    "dark-marble": "black_marble dark_marble slate",
    "wood": "wood wooden oak table desk rustic cutting_board",
    "neon": "neon cyberpunk synthwave futuristic vaporwave sci_fi scifi",
    "stars": "stars starry milky_way starlit starfield constellations",
    "crescent": "crescent crescent_moon waning_moon",
    "big-moon": "full_moon big_moon giant_moon huge_moon large_moon supermoon",
    "big-sun": "big_sun giant_sun huge_sun",
    "blossom": "blossom blossoms sakura cherry_blossom cherry_blossoms cherry_trees cherry_tree",
    "flowers": (
        "flowers wildflowers wildflower tulips roses poppies daisies lavender sunflowers flower_field floral blooming"
    ),
    "lavender": "lavender",
    "sunflowers": "sunflowers sunflower_field field_of_sunflowers",
    "field": "wheat wheat_field crops cornfield farmland harvest",
    "terraces": "rice_terraces rice_terrace rice_paddies rice_paddy rice_fields rice_field",
    "road": "mountain_road mountain_pass winding_road country_road",
    "brick-wall": "brick_wall brick_walls",
    "palms": "palms palm palm_trees palm_tree tropical oasis",
    "beach": "beach sand tropical",
    "moonscape": "lunar lunar_surface on_the_moon",
    "fireplace": "fireplace hearth cozy cosy log_fire hygge",
    "window": "window windows windowsill",
    "kitchen": "kitchen",
    "bedroom": "bedroom",
    "office": "office workspace desk_setup study",
    "library": "library bookshelf bookshelves bookstore bookcase",
    "classroom": "classroom blackboard chalkboard",
    "bakery": "bakery",
    "shop": "shop store boutique supermarket grocery",
    "cafe": "cafe café coffee_shop restaurant bar pub diner",
    "jungle": "jungle rainforest tropical tropical_forest",
    "bamboo": "bamboo bamboo_forest",
    "birch": "birch birches",
    "fireworks": "fireworks firework",
    "fireflies": "fireflies firefly magic_lights magical enchanted fairy_lights",
    "waterside": "riverbank canal canals harbour harbor venice amsterdam",
    "gradient": "gradient gradients smooth_gradient mesh_gradient aura blurred",
    "waves-abstract": "wavy flowing fluid swirl swirls swirling liquid ripples marbling silk",
    "circles": "circles dots bubbles spheres concentric kaleidoscope mandala orbs",
    "triangles": "triangles polygons low_poly polygonal facets crystal shards",
    "geometric": "geometric geometry bauhaus memphis shapes squares grid",
    "stripes": "stripes lines striped",
    "dark": "dark black_background moody gothic",
    "vibrant": "vibrant colorful colourful vivid rainbow psychedelic multicolored",
    "pastel": "pastel pastels soft",
    "white-background": "white_background transparent_background isolated",
    "golden": "golden_hour golden_light",
    "silhouette": "silhouette silhouettes silhouetted backlit back_view from_behind",
    "christmas": "christmas xmas",
    "cozy": "cozy cosy warm hygge warm_light",
    "pier": "pier dock jetty boardwalk",
    "gears": "steampunk",
}
COLOURS: Final = {
    "red": (208, 44, 46),
    "scarlet": (214, 40, 40),
    "crimson": (170, 20, 50),
    "orange": (236, 124, 36),
    "amber": (250, 176, 40),
    "yellow": (246, 204, 62),
    "lime": (160, 214, 50),
    "green": (58, 158, 78),
    "emerald": (24, 150, 96),
    "olive": (122, 128, 52),
    "teal": (20, 146, 148),
    "turquoise": (46, 200, 190),
    "cyan": (40, 200, 226),
    "aqua": (60, 206, 214),
    "blue": (46, 106, 216),
    "navy": (28, 44, 104),
    "indigo": (72, 62, 166),
    "violet": (134, 80, 200),
    "purple": (128, 66, 186),
    "lavender": (184, 160, 226),
    "magenta": (220, 50, 160),
    "pink": (242, 130, 176),
    "peach": (252, 190, 152),
    "white": (242, 242, 242),
    "ivory": (246, 240, 224),
    "cream": (248, 238, 214),
    "beige": (226, 206, 176),
    "brown": (128, 84, 50),
    "tan": (200, 164, 120),
    "gold": (214, 168, 58),
    "golden": (220, 172, 70),
    "silver": (184, 190, 198),
    "grey": (130, 132, 136),
    "gray": (130, 132, 136),
    "black": (38, 38, 42),
    "blonde": (226, 188, 112),
    "blond": (226, 188, 112),
    "auburn": (132, 58, 34),
    "ginger": (206, 104, 44),
    "maroon": (112, 24, 40),
    "mint": (150, 222, 188),
    "chocolate": (92, 56, 36),
    "copper": (184, 112, 64),
    "bronze": (164, 116, 60),
    "burgundy": (116, 28, 50),
}

NUMBERS: Final = {
    "a": 1,
    "an": 1,
    "one": 1,
    "single": 1,
    "lone": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "dozen": 12,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "hundreds": 200,
    "thousand": 1000,
    "thousands": 2000,
    "dozens": 24,
    "pair": 2,
    "couple": 2,
    "several": 4,
    "few": 3,
    "some": 3,
    "many": 7,
    "group": 5,
    "flock": 7,
    "herd": 5,
    "school": 7,
    "pack": 4,
    "swarm": 8,
    "bunch": 5,
    "row": 5,
    "trio": 3,
    "duo": 2,
    "pile": 5,
    "fleet": 5,
    "team": 4,
}

SIZES: Final = {
    "tiny": 0.5,
    "small": 0.72,
    "little": 0.75,
    "mini": 0.6,
    "miniature": 0.7,
    "large": 1.25,
    "big": 1.25,
    "huge": 1.5,
    "giant": 1.7,
    "enormous": 1.7,
    "gigantic": 1.8,
    "massive": 1.6,
    "tall": 1.2,
    "baby": 0.7,
    "colossal": 1.8,
}

RELATIONS: Final = {
    "riding": "riding",
    "rides": "riding",
    "astride": "riding",
    "on top of": "on",
    "on": "on",
    "upon": "on",
    "crossing": "on",
    "crosses": "on",
    "atop": "on",
    "sitting on": "on",
    "standing on": "on",
    "in": "in",
    "inside": "in",
    "within": "in",
    "into": "in",
    "beside": "beside",
    "next to": "beside",
    "near": "beside",
    "with": "beside",
    "and": "beside",
    "by": "beside",
    "under": "under",
    "beneath": "under",
    "below": "under",
    "underneath": "under",
    "above": "above",
    "over": "above",
    "behind": "behind",
    "in front of": "front",
    "holding": "holding",
    "reading": "holding",
    "carrying": "holding",
    "playing": "holding",
    "eating": "holding",
    "drinking": "holding",
    "wearing": "wearing",
    "in a": "in",
    "flying over": "above",
    "jumping over": "above",
}
