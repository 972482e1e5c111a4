"""What the commands say, in English and in French."""

TEXTS: dict[str, tuple[str, str]] = {
    "place": ("in line, place {place}{eta}", "dans la file, place {place}{eta}"),
    "next": ("next in line{eta}", "prochaine dans la file{eta}"),
    "eta": (", {low} to {high} s to go", ", encore {low} à {high} s"),
    "fair_share": (" (somebody who had less goes first)", " (quelqu’un de moins servi passe d’abord)"),
    "returned_job": (" (a job came back from a lost oven)", " (une tâche revient d’un four perdu)"),
    "baking": ("in the oven", "au four"),
    "again": ("in the oven, turn {attempt}", "au four, tour {attempt}"),
    "saved": ("saved {path}", "enregistré : {path}"),
    "words": ("words: {words}", "mots : {words}"),
    "decision": ("decision: {decision}", "décision : {decision}"),
    "allowance": (
        "{tier}: {left} of {limit} pictures left until {reset} UTC; {live} of {live_limit} jobs under way",
        "{tier} : encore {left} images sur {limit} jusqu’au {reset} UTC ; {live} tâches sur {live_limit} en cours",
    ),
    "no_key": (
        "no key: use --key or FOURNIL_API_KEY (make run prints two)",
        "pas de clé : --key ou FOURNIL_API_KEY (make run en affiche deux)",
    ),
    "surge": (
        "{level} since {since} UTC; {backlog:.0f} s of work wait",
        "{level} depuis {since} UTC ; {backlog:.0f} s de travail attendent",
    ),
    "surge.normal": ("normal", "normal"),
    "surge.busy": ("busy", "chargé"),
    "surge.surge": ("surge", "affluence"),
    "surge.shed": ("shed", "délestage"),
    "queue": (
        "ovens: {ovens}; slots baking: {baking} of {slots}",
        "fours : {ovens} ; places occupées : {baking} sur {slots}",
    ),
    "no_image": ("cannot read {path}: {why}", "impossible de lire {path} : {why}"),
    "models.size": (
        "{size} (edges {edges} px, {shape}), {steps} steps, guidance {guidance}",
        "{size} (côtés {edges} px, {shape}), {steps} pas, guidage {guidance}",
    ),
    "models.square": ("squares, resampled", "carrés, redimensionnés"),
    "models.free": ("in steps of {unit}", "par {unit}"),
    "models.takes_guidance": ("guided", "guidable"),
    "models.takes_negative": ("negative prompt", "texte négatif"),
    "models.takes_image": ("from a picture", "depuis une image"),
    "cancelled": ("{id}: {state}", "{id} : {state}"),
    "appeal.how": ("appeal: fournil appeal file {decision}", "contester : fournil appeal file {decision}"),
    "deleted": ("{id}: deleted", "{id} : supprimée"),
    "interrupted": (
        "left; the job goes on: fournil jobs",
        "interrompu ; la tâche continue : fournil jobs",
    ),
}
