"""Signed links: read one upload with no login, until 30 days after it came (docs/security.md 33 to 36).

A token names the upload and its link generation, signed by keys of their own (LINK_SIGNING_KEYS, newest
first). The row decides on all else, so that revocation, deletion and expiry hold from the next request on.
"""

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import OuterRef
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from artifactsite.lib.errors import Refusal
from projects.querysets import is_active_member
from uploads.models import Quarantine, Upload

EXPIRED = (
    "This link has expired: links work for 30 days after the upload. "
    "Ask the person who sent it to you for a new one."
)
INFECTED = (
    "A virus scanner found something in this file, so nobody can download it. Tell the person who sent it."
)
NOT_SCANNED = "This file is still being checked for viruses. Try again in a minute."


def _signer() -> Signer:
    first, *rest = settings.LINK_SIGNING_KEYS
    older: list[bytes | str] = [*rest]
    return Signer(key=first, fallback_keys=older, salt="uploads.links", sep=".")


def token_for(upload: Upload) -> str:
    return _signer().sign(f"{upload.pk.hex}-{upload.link_generation}")


def url_for(upload: Upload) -> str:
    """The absolute address; from SITE_URL, never from a request's Host header."""
    return f"{settings.SITE_URL}{reverse('api-public-file')}?h={token_for(upload)}"


def upload_for(token: str) -> Upload:
    """The upload that a token reads. 404 for any token that isn't good, 410 once it has expired.

    A file in quarantine is refused whatever the token says.
    """
    try:
        pk, _, generation = _signer().unsign(token).partition("-")
        # A link lives no longer than its owner's own access to the file.
        named = Upload.objects.filter(pk=uuid.UUID(pk), link_generation=int(generation))
        members = is_active_member(OuterRef("conversation__project"), OuterRef("owner"))
        found = named.filter(members).select_related("owner").first()
    except (BadSignature, ValueError):
        found = None
    if found is None:
        raise Http404
    if timezone.now() > found.expires_at:
        raise Refusal("link_expired", EXPIRED, status=410)
    if found.quarantine == Quarantine.INFECTED:
        raise Refusal("infected", INFECTED, status=403)
    if found.quarantine:
        raise Refusal("not_scanned", NOT_SCANNED, status=503)
    return found
