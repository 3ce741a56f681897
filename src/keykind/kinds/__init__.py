"""The kinds of key, one folder each.

In:    nothing
Out:   <kind>/: kind.toml (order, label and hint in each language), page.toml (texts of its page, region of
       its mark), sketch.svg, draw.py (draws a random key), views (pictures)
Needs: numpy, manifold3d    [render], for draw.py only

keykind.core.kinds reads the TOML files as data, keykind.render.keys.catalogue imports the draw modules, and
the web app takes its labels, hints, pages, sketches and views from here. To add a kind, add a folder, and run
`python docs/generate.py` to update the table in docs/synthetic.md.
"""
