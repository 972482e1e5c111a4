"""Requests over loopback: who comes when, how a server is started and asked, what became of every request.

    arrivals (one list) ──> client of each system ──loopback──> its server process

Every system gets the same arrivals, open loop: a request is sent at its time whether or not earlier ones were
answered. Which systems, which loads and what is made of the figures is each benchmark's own (`bench.oven`,
`bench.serving`).
"""
