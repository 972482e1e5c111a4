"""What the edge costs and carries.

| module | question |
|---|---|
| `pictures` | how long a picture takes through the whole mesh, against the generator alone |
| `crowd` | does one process carry 500 held calls and 2,000 watchers, and how late are events |
| `bare` | how much CPU a request costs, against a bare route that makes one call to a peer that does nothing |
| `copies` | how often a picture's bytes are copied, from the generator's message to the client's socket |
"""
