"""Pre- and post-processing that is declared, not programmed: steps by name around a net of one's own.

Django-free: the validation's child process and the model's host in Triton run the same code.
"""
