"""What stands in rooms: pieces of furniture, each drawn from the front on the wall and the floor that it is given."""

from imgforge_mcp.local.places.furniture.bedroom import bedroom
from imgforge_mcp.local.places.furniture.cafe import cafe
from imgforge_mcp.local.places.furniture.classroom import classroom
from imgforge_mcp.local.places.furniture.kitchen import kitchen
from imgforge_mcp.local.places.furniture.library import library
from imgforge_mcp.local.places.furniture.office import office
from imgforge_mcp.local.places.furniture.shop import shop
from imgforge_mcp.local.places.furniture.site import BOOKS, Site, picture, shelf

__all__ = [
    "BOOKS",
    "Site",
    "bedroom",
    "cafe",
    "classroom",
    "kitchen",
    "library",
    "office",
    "picture",
    "shelf",
    "shop",
]
