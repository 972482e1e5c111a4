"""The oven: prompts become pictures, a denoising step at a time, several jobs in one call of the model.

| file | job |
|---|---|
| `batcher` | who is in the next step (core) |
| `rounds` | which model's turn it is (core) |
| `capacity` | how many rows a call should hold, and what a row costs (core) |
| `schedules` | from noise to picture: noise levels and steps of each family of models (core) |
| `noise` | the noise a seed means |
| `recipe` | a request, checked |
| `folder` | what a model folder says, checked |
| `providers` | which execution providers to try, and what they are told (core) |
| `engines` | where TensorRT keeps what it built |
| `graph` | an ONNX graph on the best provider that works, its inputs checked |
| `buckets` | the few sizes of a call on a GPU (core) |
| `calls` | calls of a session, by buffers on the device where there is one |
| `session` | fournil-mini's denoiser, warm |
| `pipeline` | fournil-mini: prompt to vectors, canvases through a step |
| `families` | models that others have made, behind one interface with fournil-mini |
| `warmth` | what calls of each size take, found before serving |
| `shelf` | every model folder that loads |
| `residency` | which models are in memory when not all fit (core) |
| `loader` | brings them in for the jobs that want them |
| `picture` | pixels to PNG |
| `mailbox` | events of one job that its caller has not read yet |
| `oven` | the step loop |
| `pace` | what a picture costs in machine time |
| `energy` | joules of pictures, by the device's counter |
| `heartbeat` | reports to the desk |
| `measures` | Prometheus metrics |
| `server` | the gRPC surface |
"""
