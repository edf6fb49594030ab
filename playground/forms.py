"""What people type on the pages of conversations."""

from django import forms

from playground.models import TurnKind


class ComposerForm(forms.Form):
    """A message, or a program to run. What is in it is judged by the services."""

    MESSAGE = "message"
    body = forms.CharField(required=False, strip=False)
    mode = forms.ChoiceField(choices=[(MESSAGE, "Message"), (TurnKind.PROGRAM, "Program")], initial=MESSAGE)
    # The newest message that the page shows: the answer brings what came after it.
    after = forms.UUIDField(required=False)


class TitleForm(forms.Form):
    title = forms.CharField(max_length=200, required=False)


class NewConversationForm(forms.Form):
    project = forms.UUIDField(required=False)


class ActiveForm(forms.Form):
    active = forms.BooleanField(required=False)
