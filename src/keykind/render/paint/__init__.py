"""Pictures of surfaces, of grounds, of what is far away, and of the light around, by numpy and pillow."""
