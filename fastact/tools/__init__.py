"""Commands and checks around the product: nothing of it imports them."""
