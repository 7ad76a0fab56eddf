"""A few hundred everyday words of other languages, said in English, so that a short prompt in them is not lost."""

from __future__ import annotations

import functools
import re
from typing import Final

_LANGUAGES: Final = {
    "de": """
fuchs=fox hund=dog katze=cat pferd=horse vogel=bird wald=forest winterwald=winter_forest berg=mountain berge=mountains
meer=sea strand=beach see=lake stadt=city dorf=village straße=street haus=house schloss=castle boot=boat blume=flower
blumen=flowers baum=tree bäume=trees sonnenuntergang=sunset sonnenaufgang=sunrise nacht=night schnee=snow regen=rain
herbst=autumn frühling=spring sommer=summer roter=red rote=red rotes=red roten=red blau=blue blauer=blue blaue=blue
grün=green grüne=green schwarze=black schwarzer=black weiß=white weißer=white weiße=white mond=moon sterne=stars
roboter=robot drachen=dragon drache=dragon wüste=desert frau=woman mann=man kind=child zwei=two drei=three vier=four
fünf=five vögel=birds katzen=cats hunde=dogs hase=rabbit bär=bear kuh=cow schaf=sheep schwein=pig maus=mouse löwe=lion
elefant=elephant affe=monkey eule=owl schmetterling=butterfly fisch=fish wal=whale hai=shark frosch=frog igel=hedgehog
eichhörnchen=squirrel reh=deer esel=donkey huhn=chicken ente=duck fluss=river brücke=bridge himmel=sky sonne=sun
wolke=cloud wolken=clouds garten=garden wiese=meadow feld=field insel=island bauernhof=farm küche=kitchen
schlafzimmer=bedroom büro=office zimmer=room fenster=window tisch=table stuhl=chair bett=bed lampe=lamp buch=book
auto=car fahrrad=bicycle zug=train flugzeug=airplane schiff=ship segelboot=sailboat junge=boy mädchen=girl
ritter=knight prinzessin=princess zauberer=wizard hexe=witch könig=king pirat=pirate gelb=yellow gelbe=yellow
gelber=yellow gelbes=yellow rosa=pink lila=purple braun=brown braune=brown grauer=grey graue=grey blaues=blue
grünes=green schwarzes=black weißes=white kuchen=cake apfel=apple brot=bread kaffee=coffee tasse=cup hut=hat
regenschirm=umbrella ballon=balloon herz=heart stern=star sechs=six sieben=seven schläft=sleeping sitzt=sitting
läuft=running liest=reading fliegt=flying schwimmt=swimming tanzt=dancing weihnachtsbaum=christmas_tree
schneemann=snowman leuchtturm=lighthouse windmühle=windmill kirche=church geburtstag=birthday
""",
    "nl": """
vos=fox hond=dog kat=cat paard=horse vogel=bird bos=forest berg=mountain zee=sea strand=beach meer=lake stad=city
dorp=village straat=street huis=house kasteel=castle boot=boat bloem=flower bloemen=flowers boom=tree
zonsondergang=sunset nacht=night sneeuw=snow regen=rain herfst=autumn rode=red blauwe=blue groene=green zwarte=black
witte=white maan=moon sterren=stars vrouw=woman kind=child twee=two drie=three vier=four vijf=five
""",
    "fr": """
renard=fox chien=dog chat=cat cheval=horse oiseau=bird forêt=forest montagne=mountain mer=sea océan=ocean plage=beach
lac=lake ville=city rue=street maison=house château=castle bateau=boat fleur=flower fleurs=flowers arbre=tree
coucher=sunset nuit=night neige=snow pluie=rain automne=autumn hiver=winter printemps=spring été=summer rouge=red
bleu=blue bleue=blue vert=green verte=green noir=black noire=black blanc=white blanche=white lune=moon étoiles=stars
désert=desert femme=woman homme=man enfant=child deux=two trois=three quatre=four cinq=five oiseaux=birds chats=cats
chiens=dogs lapin=rabbit ours=bear vache=cow mouton=sheep cochon=pig souris=mouse éléphant=elephant singe=monkey
hibou=owl papillon=butterfly poisson=fish baleine=whale requin=shark grenouille=frog loup=wolf canard=duck
rivière=river pont=bridge ciel=sky soleil=sun nuage=cloud nuages=clouds jardin=garden parc=park champ=field île=island
ferme=farm cuisine=kitchen chambre=bedroom bureau=office fenêtre=window chaise=chair fauteuil=armchair lit=bed
lampe=lamp livre=book ballon=balloon voiture=car vélo=bicycle avion=airplane voilier=sailboat garçon=boy fille=girl
bébé=baby chevalier=knight princesse=princess sorcière=witch roi=king jaune=yellow rose=pink violet=purple
marron=brown gris=grey gâteau=cake pomme=apple pain=bread tasse=cup chapeau=hat parapluie=umbrella cœur=heart
étoile=star dort=sleeping assis=sitting assise=sitting court=running vole=flying nage=swimming danse=dancing
marche=walking phare=lighthouse moulin=windmill église=church sapin=christmas_tree
""",
    "es": """
zorro=fox perro=dog gato=cat caballo=horse pájaro=bird bosque=forest montaña=mountain mar=sea océano=ocean playa=beach
lago=lake ciudad=city pueblo=village calle=street casa=house castillo=castle barco=boat flor=flower flores=flowers
árbol=tree atardecer=sunset amanecer=sunrise noche=night nieve=snow lluvia=rain otoño=autumn primavera=spring
invierno=winter verano=summer rojo=red roja=red azul=blue verde=green negro=black negra=black blanco=white
blanca=white luna=moon estrellas=stars desierto=desert mujer=woman hombre=man niño=boy niña=girl dos=two tres=three
cuatro=four cinco=five pájaros=birds gatos=cats perros=dogs conejo=rabbit oso=bear vaca=cow oveja=sheep cerdo=pig
ratón=mouse león=lion elefante=elephant mono=monkey búho=owl mariposa=butterfly pez=fish ballena=whale tiburón=shark
rana=frog lobo=wolf pato=duck caballos=horses río=river puente=bridge cielo=sky sol=sun nube=cloud nubes=clouds
jardín=garden parque=park campo=field isla=island granja=farm cocina=kitchen dormitorio=bedroom oficina=office
ventana=window mesa=table silla=chair sofá=sofa cama=bed lámpara=lamp libro=book globo=balloon pelota=ball coche=car
bicicleta=bicycle tren=train avión=airplane velero=sailboat chico=boy chica=girl bebé=baby caballero=knight
princesa=princess bruja=witch rey=king dragón=dragon amarillo=yellow amarilla=yellow rosa=pink morado=purple
marrón=brown gris=grey pastel=cake manzana=apple pan=bread taza=cup sombrero=hat paraguas=umbrella corazón=heart
estrella=star seis=six durmiendo=sleeping duerme=sleeping sentado=sitting sentada=sitting corriendo=running
leyendo=reading volando=flying nadando=swimming bailando=dancing caminando=walking faro=lighthouse molino=windmill
iglesia=church niños=children montañas=mountains blancos=white rojos=red
""",
    "it": """
volpe=fox cane=dog gatto=cat cavallo=horse uccello=bird foresta=forest bosco=forest montagna=mountain mare=sea
spiaggia=beach lago=lake città=city villaggio=village strada=street casa=house castello=castle barca=boat fiore=flower
fiori=flowers albero=tree tramonto=sunset alba=sunrise notte=night neve=snow pioggia=rain autunno=autumn
primavera=spring inverno=winter estate=summer rosso=red rossa=red azzurro=blue verde=green nero=black nera=black
bianco=white bianca=white luna=moon stelle=stars deserto=desert donna=woman uomo=man bambino=child due=two tre=three
quattro=four cinque=five
""",
    "pt": """
raposa=fox cachorro=dog gato=cat cavalo=horse pássaro=bird floresta=forest montanha=mountain mar=sea praia=beach
lago=lake cidade=city aldeia=village rua=street casa=house castelo=castle barco=boat flor=flower flores=flowers
árvore=tree pôr=sunset noite=night neve=snow chuva=rain outono=autumn vermelho=red vermelha=red azul=blue verde=green
preto=black preta=black branco=white branca=white lua=moon estrelas=stars deserto=desert mulher=woman homem=man
dois=two três=three quatro=four
""",
}
_FUNCTION: Final = {
    "de": "ein eine einen einem einer der die das den dem im am und auf mit unter über vor bei zum zur vom von neben",
    "nl": "een het de van met op onder bij en in_de aan voor door uit",
    "fr": "un une le la les des du dans sur sous avec et au aux près devant de",
    "es": "un una unos unas el la los las del al en con sobre bajo y junto de",
    "it": "un una uno il lo gli nel nella sul sulla con di sotto e della dei al",
    "pt": "um uma o os as no na nos nas do da dos das com sob e ao",
}
# words that join others: they say how one thing stands to another, and keep two nouns apart
_JOINS: Final = {
    "de": "und=and auf=on mit=with im=in am=at an=at unter=under über=over bei=at neben=beside vor=in_front_of "
    "hinter=behind",
    "nl": "en=and met=with op=on onder=under bij=at naast=beside achter=behind",
    "fr": "et=and dans=in sur=on sous=under avec=with devant=in_front_of derrière=behind près=near",
    "es": "y=and en=in con=with sobre=on bajo=under junto=near",
    "it": "e=and nel=in nella=in sul=on sulla=on con=with sotto=under",
    "pt": "e=and no=in na=in nos=in nas=in com=with sob=under",
}
# words of English that other languages have too: alone they say nothing of which it is
_ENGLISH: Final = frozenset(
    str.split(
        "the of with and at by from his her is are into under over near this that on in beside behind between "
        "above wearing "
        "holding riding sitting standing style for to an two three four five red blue green black white photo painting"
    )
)
_ALSO_ENGLISH: Final = frozenset(
    str.split(
        "boot mare chat cane bos berg ville casa alba rue dos rode rote vert mer lac boom strand tre negro winter "
        "see kind man "
        "village estate verde luna noir pueblo die den das des am over door long bleu rouge mar kat stad vos "
        "hiver pot un la "
        "hut rose court lit pain champ pont stern ours sol pan mono pastel vole violet canard bureau sombrero auto "
        "ball "
        "ballon rosa lila marron gris "
        "de le en on an as no do da a o e y et al il du"
    )
)
_OTHER_SCRIPTS: Final = """
лиса=fox собака=dog кошка=cat кот=cat лошадь=horse лес=forest лесу=forest горы=mountains гора=mountain море=sea
озеро=lake город=city дом=house замок=castle закат=sunset рассвет=sunrise ночь=night ночью=night снег=snow зима=winter
осень=autumn осенью=autumn красный=red синий=blue зелёный=green женщина=woman ثعلب=fox غابة=forest الغابة=forest قطة=cat
كلب=dog بحر=sea البحر=sea جبل=mountain جبال=mountains مدينة=city غروب=sunset ليل=night
"""
_SCRIPTS: Final = """
狐狸=fox 狐=fox 犬=dog 狗=dog 猫=cat 貓=cat 马=horse 馬=horse 鸟=bird 鳥=bird 龙=dragon
龍=dragon 竜=dragon 森林=forest 森=forest 树林=forest 山=mountain 海=sea 湖=lake 城市=city
都市=city 街=street 村=village 沙漠=desert 花=flowers 花园=garden 庭=garden 桜=cherry_blossom
樱花=cherry_blossom 家=house 房子=house 城=castle 船=boat 日落=sunset 夕日=sunset 夕焼け=sunset
日出=sunrise 朝=morning 夜=night 雪=snow 雨=rain 秋=autumn 冬=winter 春=spring 夏=summer 月=moon
星=stars 富士山=mount_fuji 赤い=red 红色=red 红=red 青い=blue 蓝色=blue 绿色=green 白い=white
黑色=black 黒い=black 女=woman 男=man 机器人=robot ロボット=robot 宇宙=space 宇航员=astronaut
水彩=watercolor 여우=fox 개=dog 고양이=cat 숲=forest 산=mountain 바다=sea 호수=lake 도시=city
밤=night 눈=snow 노을=sunset 용=dragon लोमड़ी=fox कुत्ता=dog बिल्ली=cat जंगल=forest
पहाड़=mountain समुद्र=sea शहर=city रात=night 车=car 車=car 汽车=car 月亮=moon 城堡=castle
海滩=beach 海边=beach 沙滩=beach 鹿=deer 兔子=rabbit 熊=bear 熊猫=panda 老虎=tiger 狮子=lion
大象=elephant 猴子=monkey 鸭子=duck 鱼=fish 牛=cow 羊=sheep 猪=pig 蝴蝶=butterfly 树=tree
樹=tree 木=tree 花朵=flower 草地=meadow 河=river 川=river 桥=bridge 橋=bridge 天空=sky 空=sky
太阳=sun 太陽=sun 云=cloud 雲=cloud 雨伞=umbrella 公园=park 公園=park 厨房=kitchen 台所=kitchen
卧室=bedroom 办公室=office 窗=window 窓=window 窗户=window 桌子=table 椅子=chair 床=bed 书=book
本=book 灯塔=lighthouse 灯台=lighthouse 飞机=airplane 飛行機=airplane 自行车=bicycle
自転車=bicycle 火车=train 電車=train 火箭=rocket 女孩=girl 男孩=boy 女の子=girl 男の子=boy
孩子=child 子供=child 男人=man 女人=woman 男性=man 女性=woman 公主=princess 骑士=knight
黄色=yellow 黄色い=yellow 紫色=purple 粉色=pink 緑=green 青=blue 赤=red 白=white 黒=black
白色=white 蓝=blue 绿=green 气球=balloon 風船=balloon 蛋糕=cake ケーキ=cake 苹果=apple
りんご=apple 咖啡=coffee コーヒー=coffee 帽子=hat 傘=umbrella 心=heart 雪人=snowman
雪だるま=snowman 两=two 三=three 四=four 五=five 二=two 睡觉=sleeping 寝ている=sleeping
跑=running 走っている=running 飞=flying 飛んでいる=flying うさぎ=rabbit ライオン=lion
ペンギン=penguin パンダ=panda くじら=whale クジラ=whale ドラゴン=dragon お城=castle 島=island
岛=island
"""


def _table(text: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in text.split())
    return {word: english.replace("_", " ") for word, _, english in pairs}


_WORDS: Final = {language: _table(text) for language, text in _LANGUAGES.items()}
_SMALL: Final = {language: frozenset(text.split()) for language, text in _FUNCTION.items()}
_JOINED: Final = {language: _table(text) for language, text in _JOINS.items()}
_BY_SCRIPT: Final = _table(_SCRIPTS)
_PARTICLES: Final = frozenset("的在上下里中和与是了着一只个の に が で と を は も へ そば".replace(" ", ""))
"""Letters that only join, where they stand between words of scripts without spaces."""
_OTHER: Final = _table(_OTHER_SCRIPTS)


def language_of(words: list[str]) -> str:
    """The language of a prompt in Latin letters; "" for English, which is also the answer in doubt."""
    english = sum(word in _ENGLISH for word in words)
    scores = {language: _score(language, words) for language in _WORDS}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > english else ""


def _score(language: str, words: list[str]) -> float:
    """A word that is no English counts; one that may be counts only beside others of its language."""
    known, small = _WORDS[language], _SMALL[language]
    sure = [word for word in words if word in known and word not in _ALSO_ENGLISH]
    helped = [word for word in words if word in small]
    if not sure and not (helped and any(word in known for word in words)):
        return 0.0
    maybe = sum(word in known and word in _ALSO_ENGLISH for word in words)
    return len(sure) + 0.9 * len(helped) + 0.5 * maybe


def in_english(word: str, language: str) -> str:
    """The word in English where it is one of the prompt's language; else itself."""
    joined = _JOINED.get(language, {}).get(word)
    return joined or _OTHER.get(word) or _WORDS.get(language, {}).get(word, word)


def is_small_word(word: str, language: str) -> bool:
    """Is it an article or the like of that language, or nothing but letters that join?"""
    if word in _JOINED.get(language, {}):
        return False
    return word in _SMALL.get(language, frozenset()) or _PARTICLES.issuperset(word)


def split(text: str) -> list[tuple[str, str]]:
    """The text in pieces; words of scripts without spaces come with their English, all else with ""."""
    if text.isascii():
        return [(text, "")]
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _pattern().finditer(text):
        pieces += [(text[at : found.start()], ""), (found.group(), _BY_SCRIPT[found.group()])]
        at = found.end()
    return [*pieces, (text[at:], "")]


@functools.cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_BY_SCRIPT, key=len, reverse=True))))
