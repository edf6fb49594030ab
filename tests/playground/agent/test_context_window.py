"""The model's window: what drops out of it first, and that the receipt says so."""

from artifacts.models import Artifact
from playground.context import assemble
from playground.services import post
from tests.cast import Cast


def test_old_messages_fall_out_and_what_is_asked_stays(cast: Cast) -> None:
    for number in range(5):
        post(by=cast.alice, conversation=cast.conversation, role="user", body=f"{number} " * 200)
    context = assemble(user=cast.alice, conversation=cast.conversation, window=250)
    assert [message["body"][0] for message in context["messages"]] == ["3", "4"]
    assert context["receipt"]["messages"] == {"included": 2, "left_out": 3, "tokens": 200}
    tiny = assemble(user=cast.alice, conversation=cast.conversation, window=1)
    assert [message["body"][0] for message in tiny["messages"]] == ["4"]


def test_mentions_share_what_the_messages_leave(cast: Cast) -> None:
    artifact: Artifact = cast.artifact("long.txt", data="x" * 4000)
    post(by=cast.alice, conversation=cast.conversation, role="user", body=f"@[long](artifact:{artifact.pk})")
    whole = assemble(user=cast.alice, conversation=cast.conversation)
    assert whole["mentions"][0]["tokens"] == 1000
    cut = assemble(user=cast.alice, conversation=cast.conversation, window=500)
    assert cut["mentions"][0]["truncated"]
    assert cut["receipt"]["max_tokens"] < 500
