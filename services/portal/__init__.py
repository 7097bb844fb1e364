"""The pages that officers use."""

from services.portal.app import portal

__all__ = ["portal"]
