"""The stubs alone: submit, watch place and progress, save the picture. Give target and key as arguments."""

import sys

import grpc

from fournil.edge.v1 import edge_pb2 as pb
from fournil.edge.v1 import edge_pb2_grpc

stub = edge_pb2_grpc.ImageServiceStub(grpc.insecure_channel(sys.argv[1]))
key = [("authorization", f"Bearer {sys.argv[2]}")]
job = stub.CreateJob(pb.CreateJobRequest(prompt="a crab next to a boat on a beach"), metadata=key).job
for event in stub.WatchJob(pb.WatchJobRequest(id=job.id), metadata=key):
    kind = event.WhichOneof("event")
    print(kind, event.queued.place if kind == "queued" else event.step.step if kind == "step" else "")
picture = stub.GetImage(pb.GetImageRequest(id=job.id, index=0), metadata=key)
with open(sys.argv[3], "wb") as file:  # noqa: PTH123
    file.write(picture.data)
