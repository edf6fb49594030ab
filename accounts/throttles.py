"""How often one caller may ask."""

from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class PerUserThrottle(UserRateThrottle):
    """Calls of one signed-in user, whatever token or browser they come from."""

    scope = "user"


class PublicLinkThrottle(AnonRateThrottle):
    """Fetches of signed links from one address."""

    scope = "public"
