"""Prometheus metrics of the oven."""

from prometheus_client import Counter, Gauge, Histogram

STEP_SECONDS = Histogram(
    "fournil_generator_step_seconds", "Time of one denoising step of a batch.", ["model"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)  # fmt: skip
BATCH_FILL = Histogram(
    "fournil_generator_batch_fill", "Rows of a step, as a share of the rows it could hold.", ["model"],
    buckets=(0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1),
)  # fmt: skip
ROWS = Gauge(
    "fournil_generator_rows", "Rows of pictures in the oven: running, paused or waiting.",
    ["model", "priority", "state"],
)  # fmt: skip
WAIT_SECONDS = Histogram(
    "fournil_generator_wait_seconds", "From entering the oven to the end of the first step.",
    ["model", "priority"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60),
)  # fmt: skip
JOB_SECONDS = Histogram(
    "fournil_generator_job_seconds", "From entering the oven to the last picture.", ["model", "priority"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120),
)  # fmt: skip
PICTURES = Counter("fournil_generator_pictures_total", "Pictures baked.", ["model", "priority"])
CANCELLED_ROWS = Counter(
    "fournil_generator_cancelled_rows_total", "Rows taken out before they were done.", ["model", "priority"]
)
JOBS = Gauge("fournil_generator_jobs", "Jobs that hold room in the oven.")
PICTURE_SECONDS = Gauge("fournil_generator_picture_seconds", "Machine time of one picture at the present mix.")
HEARTBEATS = Counter("fournil_generator_heartbeats_total", "Reports to the desk.", ["outcome"])
JOULES = Counter(
    "fournil_generator_energy_joules_total",
    "Energy of pictures, where the device can tell.",
    ["model", "priority"],
)
