"""`python -m fastact plot`: curves of the activations and their derivatives; with --gallery a page about all of them."""
