"""Server-rendered pages: each view asks services and selectors, and renders."""
