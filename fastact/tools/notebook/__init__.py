"""What a notebook shows of an activation and of a monitor: HTML with small pictures in SVG, made without any other package."""
