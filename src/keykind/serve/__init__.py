"""Photos that come over HTTP -> what is said of them, and the app.

In:    requests
Out:   answers, pictures, numbers for operators; the app's files
Needs: fastapi, uvicorn, httptools, python-multipart, prometheus-client    [serve]
"""
