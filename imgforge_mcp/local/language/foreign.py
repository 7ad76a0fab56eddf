"""A few hundred everyday words of other languages, said in English, so that a short prompt in them is not lost."""

from __future__ import annotations

from typing import Final

_LATIN = """
fuchs=fox vos=fox renard=fox zorro=fox volpe=fox raposa=fox hund=dog hond=dog chien=dog perro=dog
cane=dog cachorro=dog katze=cat kat=cat chat=cat gato=cat gatto=cat pferd=horse paard=horse
cheval=horse caballo=horse cavallo=horse cavalo=horse vogel=bird oiseau=bird pájaro=bird
uccello=bird pássaro=bird wald=forest bos=forest forêt=forest bosque=forest foresta=forest
floresta=forest winterwald=winter_forest berg=mountain berge=mountains montagne=mountain
montaña=mountain montagna=mountain montanha=mountain meer=sea zee=sea mer=sea mare=sea océan=ocean
océano=ocean strand=beach plage=beach playa=beach spiaggia=beach praia=beach lac=lake lago=lake
stadt=city stad=city ville=city ciudad=city città=city cidade=city dorf=village dorp=village
pueblo=village villaggio=village aldeia=village straße=street rue=street calle=street haus=house
huis=house maison=house casa=house schloss=castle kasteel=castle château=castle castillo=castle
castello=castle boot=boat bateau=boat barco=boat barca=boat blume=flower blumen=flowers fleur=flower
fleurs=flowers flor=flower flores=flowers fiore=flower fiori=flowers baum=tree boom=tree arbre=tree
árbol=tree albero=tree árvore=tree sonnenuntergang=sunset zonsondergang=sunset atardecer=sunset
tramonto=sunset sonnenaufgang=sunrise amanecer=sunrise alba=sunrise nacht=night nuit=night
noche=night notte=night noite=night schnee=snow sneeuw=snow neige=snow nieve=snow neve=snow
regen=rain pluie=rain lluvia=rain pioggia=rain chuva=rain herbst=autumn herfst=autumn automne=autumn
otoño=autumn autunno=autumn outono=autumn frühling=spring printemps=spring primavera=spring
roter=red rote=red rotes=red rode=red rouge=red rojo=red roja=red rosso=red vermelho=red blau=blue
blauer=blue bleu=blue azul=blue grün=green vert=green verde=green schwarze=black schwarzer=black
negro=black nero=black preto=black weiß=white weißer=white blanc=white blanco=white
bianco=white luna=moon lune=moon mond=moon maan=moon étoiles=stars estrellas=stars stelle=stars
sterne=stars roboter=robot drachen=dragon wüste=desert désert=desert desierto=desert deserto=desert
frau=woman vrouw=woman femme=woman mujer=woman donna=woman mulher=woman mann=man homme=man
hombre=man uomo=man homem=man zwei=two drei=three vier=four fünf=five deux=two trois=three
quatre=four dos=two tres=three cuatro=four tre=three quattro=four três=three лиса=fox собака=dog
кошка=cat кот=cat лошадь=horse лес=forest лесу=forest горы=mountains гора=mountain море=sea
озеро=lake город=city дом=house замок=castle закат=sunset рассвет=sunrise ночь=night ночью=night
снег=snow зима=winter осень=autumn осенью=autumn красный=red синий=blue зелёный=green женщина=woman
ثعلب=fox غابة=forest الغابة=forest قطة=cat كلب=dog بحر=sea البحر=sea جبل=mountain جبال=mountains
مدينة=city غروب=sunset ليل=night
"""
_SCRIPTS = """
狐狸=fox 狐=fox 犬=dog 狗=dog 猫=cat 貓=cat 马=horse 馬=horse 鸟=bird 鳥=bird 龙=dragon 龍=dragon 竜=dragon
森林=forest 森=forest 树林=forest 山=mountain 海=sea 湖=lake 城市=city 都市=city 街=street 村=village 沙漠=desert
花=flowers 花园=garden 庭=garden 桜=cherry_blossom 樱花=cherry_blossom 家=house 房子=house 城=castle 船=boat
日落=sunset 夕日=sunset 夕焼け=sunset 日出=sunrise 朝=morning 夜=night 雪=snow 雨=rain 秋=autumn 冬=winter 春=spring
夏=summer 月=moon 星=stars 富士山=mount_fuji 赤い=red 红色=red 红=red 青い=blue 蓝色=blue 绿色=green 白い=white
黑色=black 黒い=black 女=woman 男=man 机器人=robot ロボット=robot 宇宙=space 宇航员=astronaut 水彩=watercolor 여우=fox
개=dog 고양이=cat 숲=forest 산=mountain 바다=sea 호수=lake 도시=city 밤=night 눈=snow 노을=sunset 용=dragon
लोमड़ी=fox कुत्ता=dog बिल्ली=cat जंगल=forest पहाड़=mountain समुद्र=sea शहर=city रात=night
"""


def _table(text: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in text.split())
    return {word: english.replace("_", " ") for word, _, english in pairs}


LATIN: Final = _table(_LATIN)
SCRIPTS: Final = dict(sorted(_table(_SCRIPTS).items(), key=lambda pair: -len(pair[0])))


def in_english(text: str) -> str:
    """Words of the table replaced; those of scripts without spaces wherever they stand."""
    if not text.isascii():
        for word, english in SCRIPTS.items():
            if word in text:
                text = text.replace(word, f" {english} ")
    return text
