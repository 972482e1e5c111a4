"""From noise to picture: which noise levels a picture passes, and how a model's answer takes it to the next.

`schedule_of(config, steps)` turns a diffusers `scheduler_config.json` into a `Schedule`. One row at a time: a
schedule is an immutable table, and every method is a function of plain values. So rows that share a call of the
model may be at different steps of different schedules, and a row's numbers do not depend on its company. What a
multistep solver must remember lies in a tuple that the caller keeps with the row.

One fact carries the package. Whatever a family calls its variables, a noisy picture at a level is

    x = signal · picture + noise · normal noise

with (signal, noise) = (1, sigma) for Euler, (sqrt(a), sqrt(1 - a)) for DDIM, DPM-Solver++, PLMS and LCM, and
(1 - sigma, sigma) for flow matching. `levels` holds these pairs and reads a model's answer as picture and noise;
noising a picture that is there already and previews follow for all; a solver is little more than its `step`.

| file | job |
|---|---|
| `of_config` | which schedule a scheduler_config.json means |
| `settings` | reads and refuses settings, naming key and value |
| `betas` | how much of the picture is left at each trained time step |
| `spacing` | which of the trained time steps are visited |
| `levels` | signal and noise of each call; a model's answer read as picture and noise |
| `schedule` | what every schedule can do |
| `first_order` | Euler and DDIM: straight to the next level |
| `ancestral` | Euler with fresh noise at each step |
| `dpm_solver` | DPM-Solver++ of second order, "DPM++ 2M" |
| `plms` | PNDM without its Runge-Kutta steps, as Stable Diffusion 1 ships |
| `consistency` | LCM |
| `flow_match` | flow matching: Stable Diffusion 3, FLUX, fournil-mini |
| `guidance` | classifier-free guidance |

Pictures are float32; levels are computed in float64, but for the one table that diffusers' rounding shows in (see
`betas`). Against diffusers, time steps are equal (fractions to one bit), and x to 3e-6 of its largest number, at
every call (tests/fixtures/schedules). The exception is Euler with `rescale_betas_zero_snr`: its first x is of size
4096, from which diffusers subtracts in float32, and after which it is off by up to 2e-4; ours is not.
"""

from services.generator.schedules.flow_match import (
    clean_estimate,
    euler_step,
    flow_match_levels,
    flow_match_start,
    noised,
)
from services.generator.schedules.guidance import guide
from services.generator.schedules.of_config import schedule_of
from services.generator.schedules.schedule import Memory, Noise, Schedule

__all__ = [
    "Memory",
    "Noise",
    "Schedule",
    "clean_estimate",
    "euler_step",
    "flow_match_levels",
    "flow_match_start",
    "guide",
    "noised",
    "schedule_of",
]
