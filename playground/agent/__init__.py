"""The agent: a turn that asks an OpenAI-compatible endpoint and calls tools until there is an answer.

`endpoint.py` which one · `wire.py` one request, streamed · `prompt.py` what is sent · `loop.py` the turn.
"""
