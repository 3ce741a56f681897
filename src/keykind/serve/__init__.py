"""The HTTP service: photos -> predictions and explanations; also the app's files and metrics.

In:    requests
Out:   responses: JSON, PNG images, Prometheus metrics, the app's files
Needs: fastapi, uvicorn, httptools, python-multipart, prometheus-client    [serve]
"""
