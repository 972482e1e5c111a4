"""What the default model can draw: one line a concept, with its English and French names.

A line is `key | emoji code point | English names | gender and French names`. The first name is the
one shown to people; all are used in captions. Every name is a countable singular that takes an
indefinite article ("a crab", "un crabe"); names that want a plural are marked `+` ("some cherries",
"des cerises"). A French name whose initial h forbids elision is marked `*`.
"""

from dataclasses import dataclass

TABLE = """
crab        | 1f980 | crab                               | m crabe
boat        | 26f5  | boat, sailboat, sailing boat       | m bateau, m voilier, f barque
cat         | 1f431 | cat, kitten                        | m chat
dog         | 1f436 | dog, puppy                         | m chien
fox         | 1f98a | fox                                | m renard
bear        | 1f43b | bear, brown bear                   | m ours, m ours brun
panda       | 1f43c | panda                              | m panda
pig         | 1f437 | pig                                | m cochon
rabbit      | 1f430 | rabbit, bunny                      | m lapin
frog        | 1f438 | frog                               | f grenouille
elephant    | 1f418 | elephant                           | m éléphant
penguin     | 1f427 | penguin                            | m pingouin, m manchot
owl         | 1f989 | owl                                | f chouette, m hibou*
chick       | 1f424 | chick                              | m poussin
turtle      | 1f422 | turtle, tortoise                   | f tortue
whale       | 1f433 | whale                              | f baleine
fish        | 1f420 | fish, tropical fish                | m poisson, m poisson tropical
octopus     | 1f419 | octopus                            | f pieuvre, m poulpe
butterfly   | 1f98b | butterfly                          | m papillon
bee         | 1f41d | bee, honeybee                      | f abeille
ladybird    | 1f41e | ladybird, ladybug                  | f coccinelle
tree        | 1f333 | tree                               | m arbre
fir         | 1f332 | fir tree, pine tree                | m sapin, m conifère
palm        | 1f334 | palm tree                          | m palmier
cactus      | 1f335 | cactus                             | m cactus
flower      | 1f33c | flower, daisy                      | f fleur, f marguerite
rose        | 1f339 | rose, red rose                     | f rose, f rose rouge
mushroom    | 1f344 | mushroom, toadstool                | m champignon
apple       | 1f34e | apple, red apple                   | f pomme, f pomme rouge
banana      | 1f34c | banana                             | f banane
lemon       | 1f34b | lemon                              | m citron
strawberry  | 1f353 | strawberry                         | f fraise
cherries    | 1f352 | cherries+                          | f cerises+
grapes      | 1f347 | grapes+, bunch of grapes           | f grappe de raisin
watermelon  | 1f349 | watermelon, slice of watermelon    | f pastèque, f tranche de pastèque
pineapple   | 1f34d | pineapple                          | m ananas
carrot      | 1f955 | carrot                             | f carotte
bread       | 1f35e | loaf of bread, bread loaf          | m pain, f miche de pain
croissant   | 1f950 | croissant                          | m croissant
baguette    | 1f956 | baguette, French baguette          | f baguette, f baguette de pain
pizza       | 1f355 | pizza, slice of pizza              | f pizza, f part de pizza
hamburger   | 1f354 | hamburger, burger                  | m hamburger*, m burger
cheese      | 1f9c0 | piece of cheese, cheese            | m fromage, m morceau de fromage
cake        | 1f382 | cake, birthday cake                | m gâteau, m gâteau d'anniversaire
doughnut    | 1f369 | doughnut, donut                    | m beignet, m donut
icecream    | 1f366 | ice cream cone, ice cream          | m cornet de glace, f glace
coffee      | 2615  | cup of coffee, hot drink           | f tasse de café, f boisson chaude
sun         | 2600  | sun                                | m soleil
moon        | 1f319 | moon, crescent moon                | f lune, m croissant de lune
star        | 2b50  | star                               | f étoile
cloud       | 2601  | cloud                              | m nuage
rainbow     | 1f308 | rainbow                            | m arc-en-ciel
snowman     | 26c4  | snowman                            | m bonhomme de neige
umbrella    | 2602  | umbrella                           | m parapluie
house       | 1f3e0 | house                              | f maison
anchor      | 2693  | anchor                             | f ancre
car         | 1f697 | car, red car                       | f voiture, f auto
bus         | 1f68c | bus                                | m bus, m autobus
plane       | 2708  | plane, airplane                    | m avion
rocket      | 1f680 | rocket, space rocket               | f fusée
balloon     | 1f388 | balloon, red balloon               | m ballon de baudruche, m ballon rouge
gift        | 1f381 | gift, present                      | m cadeau
crown       | 1f451 | crown                              | f couronne
guitar      | 1f3b8 | guitar                             | f guitare
football    | 26bd  | football, soccer ball              | m ballon de football, m ballon de foot
book        | 1f4d5 | book, closed book                  | m livre, m livre fermé
bell        | 1f514 | bell                               | f cloche
bulb        | 1f4a1 | light bulb                         | f ampoule
key         | 1f511 | key                                | f clé, f clef
heart       | 2764  | heart, red heart                   | m cœur, m cœur rouge
robot       | 1f916 | robot, robot head                  | m robot, f tête de robot
fire        | 1f525 | fire, flame                        | m feu, f flamme
"""

# The world of the first users, a shore and a bakery, is drawn more often than the rest (which is 1).
STORY = {
    "crab": 5.0,
    "boat": 5.0,
    "cake": 3.0,
    "croissant": 3.0,
    "bread": 2.0,
    "fish": 2.0,
    "baguette": 2.0,
    "sun": 2.0,
}
# The picture everybody asks for first: a third of all pairs, because it must be recognisable.
STORY_PAIR = ("crab", "boat")


@dataclass(frozen=True)
class Name:
    """A noun of one language. `gender` is "m" or "f" in French and "" in English."""

    text: str
    gender: str = ""
    plural: bool = False
    aspirated: bool = False


@dataclass(frozen=True)
class Concept:
    """One drawable thing: `code` is the emoji code point (lower-case hexadecimal) its pictures share."""

    key: str
    code: str
    en: tuple[Name, ...]
    fr: tuple[Name, ...]


def _name(field: str, gendered: bool) -> Name:
    gender, text = field.strip().split(" ", 1) if gendered else ("", field.strip())
    return Name(text.rstrip("+*"), gender, plural=text.endswith("+"), aspirated=text.endswith("*"))


def _parse(table: str) -> tuple[Concept, ...]:
    concepts: list[Concept] = []
    for line in table.strip().splitlines():
        key, code, english, french = (part.strip() for part in line.split("|"))
        concepts.append(
            Concept(
                key,
                code,
                tuple(_name(field, gendered=False) for field in english.split(",")),
                tuple(_name(field, gendered=True) for field in french.split(",")),
            )
        )
    return tuple(concepts)


CONCEPTS = _parse(TABLE)
BY_KEY = {concept.key: concept for concept in CONCEPTS}
