"""The words of the pocket world: some 130 concepts in six languages.

The world stays inside what tables can say correctly: singular nouns, definite
articles, present tense; people and animals are subjects only, and adjectives
stand with subjects only, so that each word has very few forms (a tokenizer of
1,000 pieces must hold those of six languages). No Russian noun is neuter.
"""

LANGUAGES = ("en", "de", "es", "ru", "tr", "hi")

# key kind | en | de gender, word | es article, word | ru gender, nominative,
# accusative | tr nominative, accusative | hi gender, word. The article "a" is
# Spanish "el" before a feminine noun ("el agua").
_NOUNS = """
man person | man | m Mann | m hombre | m мужчина - | adam - | m आदमी
woman person | woman | f Frau | f mujer | f женщина - | kadın - | f औरत
boy person | boy | m Junge | m niño | m мальчик - | oğlan - | m लड़का
girl person | girl | n Mädchen | f niña | f девочка - | kız - | f लड़की
doctor person | doctor | m Arzt | m médico | m врач - | doktor - | m डॉक्टर
teacher person | teacher | m Lehrer | m profesor | m учитель - | öğretmen - | m शिक्षक
king person | king | m König | m rey | m король - | kral - | m राजा
queen person | queen | f Königin | f reina | f королева - | kraliçe - | f रानी
dog animal | dog | m Hund | m perro | f собака - | köpek - | m कुत्ता
cat animal | cat | f Katze | m gato | f кошка - | kedi - | f बिल्ली
horse animal | horse | n Pferd | m caballo | f лошадь - | at - | m घोड़ा
cow animal | cow | f Kuh | f vaca | f корова - | inek - | f गाय
bird animal | bird | m Vogel | m pájaro | f птица - | kuş - | f चिड़िया
bear animal | bear | m Bär | m oso | m медведь - | ayı - | m भालू
fox animal | fox | m Fuchs | m zorro | f лиса - | tilki - | f लोमड़ी
mouse animal | mouse | f Maus | m ratón | f мышь - | fare - | m चूहा
bread food | bread | n Brot | m pan | m хлеб хлеб | ekmek ekmeği | f रोटी
cheese food | cheese | m Käse | m queso | m сыр сыр | peynir peyniri | m पनीर
cake food | cake | m Kuchen | m pastel | m торт торт | kek keki | m केक
soup food | soup | f Suppe | f sopa | m суп суп | çorba çorbayı | m सूप
rice food | rice | m Reis | m arroz | m рис рис | pilav pilavı | m चावल
pear food | pear | f Birne | f pera | f груша грушу | armut armudu | f नाशपाती
lemon food | lemon | f Zitrone | m limón | m лимон лимон | limon limonu | m नींबू
banana food | banana | f Banane | m plátano | m банан банан | muz muzu | m केला
water drink | water | n Wasser | a agua | f вода воду | su suyu | m पानी
tea drink | tea | m Tee | m té | m чай чай | çay çayı | f चाय
coffee drink | coffee | m Kaffee | m café | m кофе кофе | kahve kahveyi | f कॉफ़ी
juice drink | lemonade | f Limonade | f limonada | m лимонад лимонад | limonata limonatayı | m शरबत
book reading | book | n Buch | m libro | f книга книгу | kitap kitabı | f किताब
newspaper reading | newspaper | f Zeitung | m periódico | f газета газету | gazete gazeteyi | m अख़बार
magazine reading | magazine | f Zeitschrift | f revista | m журнал журнал | dergi dergiyi | f पत्रिका
map reading | map | f Karte | m mapa | f карта карту | harita haritayı | m नक्शा
car vehicle | car | n Auto | m coche | f машина машину | araba arabayı | f गाड़ी
bus vehicle | bus | m Bus | m autobús | m автобус автобус | otobüs otobüsü | f बस
truck vehicle | truck | m Lastwagen | m camión | m грузовик грузовик | kamyon kamyonu | m ट्रक
train vehicle | train | m Zug | m tren | m поезд поезд | tren treni | f ट्रेन
hat clothes | hat | m Hut | m sombrero | f шляпа шляпу | şapka şapkayı | f टोपी
shirt clothes | shirt | n Hemd | f camisa | f рубашка рубашку | gömlek gömleği | f कमीज़
jacket clothes | jacket | f Jacke | f chaqueta | f куртка куртку | ceket ceketi | f जैकेट
scarf clothes | scarf | m Schal | f bufanda | m шарф шарф | atkı atkıyı | m मफ़लर
cup dish | cup | f Tasse | f taza | f чашка чашку | fincan fincanı | m प्याला
plate dish | plate | m Teller | m plato | f тарелка тарелку | tabak tabağı | f थाली
spoon dish | spoon | m Löffel | f cuchara | f ложка ложку | kaşık kaşığı | m चम्मच
knife dish | knife | n Messer | m cuchillo | m нож нож | bıçak bıçağı | m चाकू
chair furniture | chair | m Stuhl | f silla | m стул стул | sandalye sandalyeyi | f कुर्सी
table furniture | table | m Tisch | f mesa | m стол стол | masa masayı | f मेज़
bed furniture | bed | n Bett | f cama | f кровать кровать | yatak yatağı | m बिस्तर
lamp furniture | lamp | f Lampe | f lámpara | f лампа лампу | lamba lambayı | f बत्ती
person general | person | f Person | f persona | m человек - | kişi - | m व्यक्ति
animal general | animal | n Tier | m animal | m зверь - | hayvan - | m जानवर
food general | food | n Essen | f comida | f еда еду | yemek yemeği | m खाना
drink general | drink | n Getränk | f bebida | m напиток напиток | içecek içeceği | m पेय
vehicle general | vehicle | n Fahrzeug | m vehículo | m транспорт транспорт | taşıt taşıtı | m वाहन
clothes general | clothing | f Kleidung | f ropa | f одежда одежду | giysi giysiyi | m कपड़ा
"""  # noqa: E501

# key kind | en, en base form | de | es | ru | tr | hi masculine, feminine
_VERBS = """
sleep act | sleeps sleep | schläft | duerme | спит | uyuyor | सोता सोती
run act | runs run | läuft | corre | бегает | koşuyor | दौड़ता दौड़ती
swim act | swims swim | schwimmt | nada | плавает | yüzüyor | तैरता तैरती
laugh act | laughs laugh | lacht | ríe | смеётся | gülüyor | हँसता हँसती
cry act | cries cry | weint | llora | плачет | ağlıyor | रोता रोती
play act | plays play | spielt | juega | играет | oynuyor | खेलता खेलती
jump act | jumps jump | springt | salta | прыгает | zıplıyor | कूदता कूदती
dance act | dances dance | tanzt | baila | танцует | dans_ediyor | नाचता नाचती
eat food | eats eat | isst | come | ест | yiyor | खाता खाती
drink drink | drinks drink | trinkt | bebe | пьёт | içiyor | पीता पीती
read reading | reads read | liest | lee | читает | okuyor | पढ़ता पढ़ती
drive vehicle | drives drive | fährt | conduce | водит | kullanıyor | चलाता चलाती
wear clothes | wears wear | trägt | lleva | носит | giyiyor | पहनता पहनती
wash dish | washes wash | wäscht | lava | моет | yıkıyor | धोता धोती
make furniture | makes make | macht | hace | делает | yapıyor | बनाता बनाती
buy any | buys buy | kauft | compra | покупает | alıyor | ख़रीदता ख़रीदती
see any | sees see | sieht | ve | видит | görüyor | देखता देखती
find any | finds find | findet | encuentra | находит | buluyor | ढूँढता ढूँढती
bring any | brings bring | bringt | trae | приносит | getiriyor | लाता लाती
sell any | sells sell | verkauft | vende | продаёт | satıyor | बेचता बेचती
cost cost | costs cost | kostet | cuesta | стоит | ediyor | मिलता मिलती
"""  # noqa: E501

# key group | en | de predicate, attribute | es copula, masculine, feminine
# | ru masculine, feminine | tr | hi masculine, feminine
_ADJECTIVES = """
big size | big | groß große | es grande grande | большой большая | büyük | बड़ा बड़ी
small size | small | klein kleine | es pequeño pequeña | маленький маленькая | küçük | छोटा छोटी
happy mood | happy | froh frohe | está feliz feliz | весёлый весёлая | mutlu | खुश खुश
sad mood | sad | traurig traurige | está triste triste | грустный грустная | üzgün | उदास उदास
aged age | old | alt alte | es viejo vieja | старый старая | yaşlı | बूढ़ा बूढ़ी
young age | young | jung junge | es joven joven | молодой молодая | genç | जवान जवान
used wear | old | alt alte | es viejo vieja | старый старая | eski | पुराना पुरानी
new wear | new | neu neue | es nuevo nueva | новый новая | yeni | नया नई
red colour | red | rot rote | es rojo roja | красный красная | kırmızı | लाल लाल
blue colour | blue | blau blaue | es azul azul | синий синяя | mavi | नीला नीली
green colour | green | grün grüne | es verde verde | зелёный зелёная | yeşil | हरा हरी
white colour | white | weiß weiße | es blanco blanca | белый белая | beyaz | सफ़ेद सफ़ेद
black colour | black | schwarz schwarze | es negro negra | чёрный чёрная | siyah | काला काली
yellow colour | yellow | gelb gelbe | es amarillo amarilla | жёлтый жёлтая | sarı | पीला पीली
"""  # noqa: E501

# key | the whole phrase "in the ..." in each language
_PLACES = """
park | in the park | im Park | en el parque | в парке | parkta | पार्क में
garden | in the garden | im Garten | en el jardín | в саду | bahçede | बाग में
kitchen | in the kitchen | in der Küche | en la cocina | на кухне | mutfakta | रसोई में
school | in the school | in der Schule | en la escuela | в школе | okulda | स्कूल में
forest | in the forest | im Wald | en el bosque | в лесу | ormanda | जंगल में
house | in the house | im Haus | en la casa | в доме | evde | घर में
city | in the city | in der Stadt | en la ciudad | в городе | şehirde | शहर में
shop | in the shop | im Laden | en la tienda | в магазине | dükkanda | दुकान में
street | on the street | auf der Straße | en la calle | на улице | sokakta | सड़क पर
village | in the village | im Dorf | en el pueblo | в деревне | köyde | गाँव में
"""  # noqa: E501

# key, tag | en | de | es | ru | tr | hi. Wh-words: a Spanish one always
# follows its inverted question mark, so that the two make one word.
_SMALL = """
today ADV | today | heute | hoy | сегодня | bugün | आज
now ADV | now | jetzt | ahora | сейчас | şimdi | अब
always ADV | always | immer | siempre | всегда | hep | हमेशा
then ADV | then | dann | luego | потом | sonra | फिर
very ADV | very | sehr | muy | очень | çok | बहुत
and CCONJ | and | und | y | и | ve | और
but CCONJ | but | aber | pero | но | ama | लेकिन
who PRON | who | wer | ¿quién | кто | kim | कौन
what PRON | what | was | ¿qué | что | ne | क्या
where ADV | where | wo | ¿dónde | где | nerede | कहाँ
he PRON | he | er | él | он | o | वह
she PRON | she | sie | ella | она | o | वह
euro NOUN | euros | Euro | euros | евро | euro | यूरो
"""  # noqa: E501

_ISA = """
person | a person | eine Person | una persona | это человек | bir kişi | एक व्यक्ति
animal | an animal | ein Tier | un animal | это зверь | bir hayvan | एक जानवर
food | food | Essen | comida | это еда | yemek | खाना
drink | a drink | ein Getränk | una bebida | это напиток | bir içecek | एक पेय
vehicle | a vehicle | ein Fahrzeug | un vehículo | это транспорт | bir taşıt | एक वाहन
clothes | clothing | Kleidung | ropa | это одежда | giysi | कपड़ा
"""  # noqa: E501

NAMES = {
    "Anna": "f", "Tom": "m", "Maria": "f", "Leo": "m",
    "Sara": "f", "Max": "m", "Nina": "f", "Omar": "m",
}  # fmt: skip


def _table(text):
    """Reads a table: {key: (group, {language: list of words})}."""
    rows = {}
    for line in text.strip().splitlines():
        head, *cells = (cell.split() for cell in line.split("|"))
        words = dict(zip(LANGUAGES, cells, strict=True))
        rows[head[0]] = (head[-1], words)
    return rows


NOUNS = _table(_NOUNS)
VERBS = _table(_VERBS)
ADJECTIVES = _table(_ADJECTIVES)
PLACES = _table(_PLACES)
SMALL = _table(_SMALL)
ISA = _table(_ISA)
ADVERBS = ("today", "now", "always")
NUMBERS = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "20", "30", "50")


def keys(table, *groups):
    """Lists the keys of a table that belong to any of the groups."""
    return tuple(key for key, row in table.items() if row[0] in groups)
