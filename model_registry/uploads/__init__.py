"""What comes in from providers, checked before anything of it runs. docs/spec/registration.md has the words.

`bundle` walks what was sent, `graph` reads an ONNX file, `weights` makes one of safetensors, `child` is the process in
which all of that happens, `sandbox` starts it with limits. Nothing here knows Django.
"""
