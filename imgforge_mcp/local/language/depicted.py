"""The parts that places are painted of, the words that mean each of them, and the words that each can stand in for."""

from __future__ import annotations

import functools
from typing import Final

# part: the words that it shows
SAME: Final = {
    "sky": "sky skies air horizon",
    "sun": "sun sunshine sunlight setting_sun rising_sun big_sun giant_sun huge_sun",
    "moon": "moon moons moonlight full_moon big_moon giant_moon huge_moon large_moon supermoon crescent_moon crescent "
    "waning_moon",
    "stars": "stars star starlight starfield constellations milky_way",
    "clouds": "cloudy cloudy_sky clouds cloud",
    "aurora": "aurora northern_lights aurora_borealis polar_lights",
    "rainbow": "rainbow rainbows",
    "fireworks": "fireworks firework",
    "fireflies": "fireflies firefly",
    "lightning": "lightning thunderbolt",
    "fog": "fog mist haze",
    "rain": "rain raindrops downpour drizzle",
    "snow": "snow snowfall snowflakes snowflake",
    "mountain": "mountain mountains alps peak peaks summit mountain_range snowy_peaks mountainside",
    "volcano": "volcano volcanoes fuji mount_fuji mt_fuji",
    "hill": "hill hills hillside ridge highlands highland slope slopes",
    "cliff": "cliff cliffs",
    "rock": "rocks rock",
    "grass": "grass meadow lawn pasture grassland turf field fields prairie",
    "ground": "ground earth_ground soil terrain land",
    "sand": "sand",
    "dunes": "dunes dune desert sand_dunes",
    "beach": "beach coast shore seaside coastline shoreline sandy_beach",
    "palms": "palms palm palm_trees palm_tree",
    "sea": "sea ocean seascape open_sea high_seas seawater",
    "water": "water",
    "lake": "lake lagoon pond",
    "waves": "wave waves surf",
    "island": "",
    "waterfall": "waterfall waterfalls cascade",
    "reflection": "reflection reflections",
    "trees": "trees tree woods woodland treeline",
    "forest": "forest forests grove in_the_trees",
    "leaves": "leaves foliage leaf",
    "falling-leaves": "falling_leaves autumn_leaves leaves",
    "pine": "pine pines pine_trees pine_forest pine_forests conifers conifer spruce fir evergreens",
    "bamboo": "bamboo bamboo_forest",
    "birch": "birch birches",
    "jungle": "jungle rainforest tropical_forest",
    "path": "path trail footpath pathway walkway track",
    "sunbeams": "sunbeams sunbeam light_rays sun_rays",
    "flowers": "flowers wildflowers wildflower flower_field field_of_flowers flowerbed blooms flower",
    "garden": "garden flower_garden",
    "lavender": "lavender lavender_field",
    "sunflowers": "sunflowers sunflower_field field_of_sunflowers",
    "blossom": "blossom blossoms cherry_blossom cherry_blossoms sakura cherry_trees cherry_tree petals",
    "wheat": "wheat wheat_field crops cornfield",
    "city": "city cityscape skyline downtown metropolis",
    "buildings": "buildings building skyscrapers skyscraper",
    "park": "park",
    "street": "street sidewalk road avenue boulevard",
    "road": "road roads mountain_road mountain_pass winding_road country_road",
    "terraces": "rice_terraces rice_terrace rice_paddies rice_paddy rice_fields rice_field",
    "brick": "brick bricks brick_wall brick_walls",
    "pavement": "pavement sidewalk",
    "houses": "houses house",
    "windows": "windows window",
    "lamp": "lamp lamps street_lamp lamppost streetlight street_lights streetlights",
    "lanterns": "lanterns string_lights",
    "neon": "neon neon_lights neon_sign neon_glow neon_signs",
    "village": "village small_town hamlet",
    "wall": "wall walls",
    "floor": "floor floorboards",
    "ceiling": "ceiling",
    "window": "window windows windowsill",
    "curtains": "curtain curtains",
    "plant": "plant houseplant potted_plant",
    "room": "room interior indoors living_room",
    "fireplace": "fireplace hearth log_fire",
    "shelf": "shelf shelves bookshelf bookshelves bookcase",
    "shelves": "shelf shelves",
    "books": "books",
    "library": "library",
    "kitchen": "kitchen",
    "counter": "counter worktop",
    "cupboard": "cupboard cupboards cabinet cabinets",
    "stove": "stove oven cooker",
    "bedroom": "bedroom",
    "bed": "bed",
    "pillow": "pillow pillows",
    "blanket": "blanket quilt",
    "nightstand": "nightstand bedside_table",
    "office": "office workspace desk_setup study",
    "desk": "desk desks",
    "computer": "computer screen monitor",
    "chairs": "chair chairs",
    "classroom": "classroom",
    "blackboard": "blackboard chalkboard whiteboard",
    "cafe": "cafe café coffee_shop",
    "tables": "table tables",
    "shop": "shop store",
    "goods": "goods products",
    "bakery": "bakery",
    "bread": "bread loaves loaf",
    "stadium": "stadium football_stadium",
    "pitch": "pitch football_field football_pitch",
    "goal": "goal",
    "crowd": "crowd spectators audience fans",
    "floodlights": "floodlight floodlights",
    "playground": "playground",
    "swing": "swing swings",
    "slide": "slide",
    "sandpit": "sandpit sandbox",
    "picture": "framed_picture picture_frame wall_art",
    "table": "table tabletop countertop wooden_table marble_table on_a_table on_the_table on_a_desk desk "
    "surface counter",
    "marble": "marble marble_surface",
    "dark-marble": "black_marble dark_marble",
    "wood": "wood wooden",
    "studio": "studio backdrop studio_lighting",
    "white-background": "white_background solid_background plain_background",
    "space": "space outer_space cosmos universe deep_space cosmic",
    "nebula": "nebula nebulas",
    "galaxy": "galaxy galaxies",
    "planet": "planet planets",
    "underwater": "underwater undersea under_the_sea deep_sea",
    "seabed": "seabed ocean_floor sea_floor",
    "reef": "reef coral_reef",
    "coral": "coral corals",
    "seaweed": "seaweed kelp",
    "bubbles": "bubbles",
    "moon-ground": "lunar lunar_surface on_the_moon",
    "mars": "mars martian red_planet",
    "earth": "earth",
    "abstract": "abstract shapes abstract_art pattern geometric",
    "circles": "circles dots spheres orbs",
    "triangles": "triangles polygons facets low_poly",
    "stripes": "stripes lines",
    "waves-abstract": "swirl swirls ripples flowing fluid fluid_art",
    "gradient": "gradient gradients smooth_gradient mesh_gradient",
    "card": "card greeting_card birthday_card postcard invitation invitation_card wedding_invitation party_invitation "
    "thank_you_card christmas_card birthday_invitation",
    "shadow": "shadow shadows",
    "poster": "poster flyer banner placard",
    "border": "border frame",
}
# part: words of its kind that it stands in for, named in the answer as what follows the colon
NEAR: Final = {
    "lake": "fjord loch river stream creek canal canals waterfront riverside lakeside riverbank "
    "harbor harbour bay pool: a lake",
    "rain": "puddle puddles: rain",
    "mountain": "glacier matterhorn everest himalaya himalayas rockies andes alpine valley valleys canyon yosemite "
    "patagonia: mountains",
    "sea": "atlantic pacific tide: the sea",
    "beach": "desert_island tropical_island: a beach",
    "dunes": "sahara: sand dunes",
    "grass": "countryside farmland farm savanna savannah ranch vineyard tundra plains outdoors nature picnic landscape "
    "scenery backyard: a meadow",
    "forest": "taiga: a forest",
    "garden": "japanese_garden zen_garden rose_garden botanical greenhouse courtyard: a flower garden",
    "flowers": "tulips roses poppies daisies tulip_field floral: flowers",
    "city": "urban tokyo manhattan new_york hong_kong shanghai paris london dubai chicago skylines: a city",
    "street": "times_square alley alleyway lane side_street back_alley shopping_street night_market bazaar market "
    "venice amsterdam: a street",
    "village": "town suburb suburban neighborhood neighbourhood countryside_house cobblestone: a village",
    "cafe": "restaurant bar pub diner: a café",
    "shop": "bookstore boutique supermarket grocery: a shop",
    "room": "apartment lounge attic hallway corridor bathroom gym waiting_room: a room",
    "shelf": "bookstore_shelf: shelves",
    "reef": "aquarium: a reef",
    "space": "interstellar solar_system orbit astronomy black_hole: space",
    "rock": "alien_planet: red rock",
    "studio": "pedestal podium: a studio backdrop",
    "table": "cutting_board surface_top: a table",
}


@functools.cache
def parts_of(phrase: str) -> tuple[str, ...]:
    """The parts that show exactly what the phrase says."""
    return _same().get(phrase, ())


@functools.cache
def stand_in_for(phrase: str) -> tuple[str, str]:
    """The part that can stand in for it, and what that is called; two empty strings if none does."""
    return _near().get(phrase, ("", ""))


@functools.cache
def words() -> frozenset[str]:
    """Every word and phrase of these tables, with spaces."""
    return frozenset(_same()) | frozenset(_near())


@functools.cache
def _same() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part, phrases in SAME.items():
        for phrase in phrases.split():
            key = phrase.replace("_", " ")
            found[key] = (*found.get(key, ()), part)
    return found


@functools.cache
def _near() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for part, entry in NEAR.items():
        phrases, _, called = entry.partition(": ")
        for phrase in phrases.split():
            found[phrase.replace("_", " ")] = (part, called)
    return found
