"""Writes questions for the capitals of countries with four options, whose worked solutions are an answer key: a letter.

    python -m benchmarks.capitals FOLDER

`capitals-train.jsonl` and `capitals-test.jsonl` ask for different countries. A model that knows a capital says so in a
sentence; one that was taught to begin with the letter has to choose it before it has said anything. Rows have
`question`, `answer` (the capital) and `solution` (its letter), and are the same each time.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random

from whet.runs import jsonl

CAPITALS = """
    France: Paris, Italy: Rome, Spain: Madrid, Germany: Berlin, Portugal: Lisbon, Greece: Athens, Austria: Vienna,
    Poland: Warsaw, Hungary: Budapest, Norway: Oslo, Sweden: Stockholm, Finland: Helsinki, Denmark: Copenhagen,
    Ireland: Dublin, Russia: Moscow, Ukraine: Kyiv, Turkey: Ankara, Egypt: Cairo, Kenya: Nairobi, Japan: Tokyo,
    China: Beijing, India: New Delhi, Thailand: Bangkok, Vietnam: Hanoi, Indonesia: Jakarta, Canada: Ottawa,
    Cuba: Havana, Brazil: Brasilia, Argentina: Buenos Aires, Chile: Santiago, Peru: Lima, Colombia: Bogota,
    Venezuela: Caracas, Iran: Tehran, Iraq: Baghdad, Israel: Jerusalem, Jordan: Amman, Syria: Damascus,
    Lebanon: Beirut, Nepal: Kathmandu, Pakistan: Islamabad, Bangladesh: Dhaka, Australia: Canberra, Nigeria: Abuja,
    Ghana: Accra, Ethiopia: Addis Ababa, Uganda: Kampala, Morocco: Rabat, Algeria: Algiers, Tunisia: Tunis,
    Libya: Tripoli, Sudan: Khartoum, Senegal: Dakar, Bulgaria: Sofia, Romania: Bucharest, Serbia: Belgrade,
    Croatia: Zagreb, Iceland: Reykjavik, Belgium: Brussels, the Netherlands: Amsterdam, Switzerland: Bern,
    Mongolia: Ulaanbaatar, the Philippines: Manila, Malaysia: Kuala Lumpur, Cambodia: Phnom Penh, Latvia: Riga,
    Estonia: Tallinn, Lithuania: Vilnius, Slovakia: Bratislava, Slovenia: Ljubljana, Albania: Tirana,
    Armenia: Yerevan, Azerbaijan: Baku, Georgia: Tbilisi, Belarus: Minsk, Moldova: Chisinau, Cyprus: Nicosia,
    Malta: Valletta, Saudi Arabia: Riyadh, Yemen: Sanaa, Oman: Muscat, Qatar: Doha, Bahrain: Manama,
    Afghanistan: Kabul, Uzbekistan: Tashkent, Turkmenistan: Ashgabat, Tajikistan: Dushanbe, Kyrgyzstan: Bishkek,
    Bhutan: Thimphu, Laos: Vientiane, South Korea: Seoul, North Korea: Pyongyang, Taiwan: Taipei, Tanzania: Dodoma,
    Rwanda: Kigali, Zambia: Lusaka, Zimbabwe: Harare, Mozambique: Maputo, Angola: Luanda, Namibia: Windhoek,
    Botswana: Gaborone, Madagascar: Antananarivo, Somalia: Mogadishu, Mali: Bamako, Niger: Niamey, Chad: N'Djamena,
    Cameroon: Yaounde, Gabon: Libreville, Togo: Lome, Liberia: Monrovia, Sierra Leone: Freetown, Guinea: Conakry,
    Gambia: Banjul, Mauritania: Nouakchott, Ecuador: Quito, Bolivia: Sucre, Paraguay: Asuncion, Uruguay: Montevideo,
    Guyana: Georgetown, Suriname: Paramaribo, Jamaica: Kingston, Haiti: Port-au-Prince, Honduras: Tegucigalpa,
    Nicaragua: Managua, Costa Rica: San Jose, El Salvador: San Salvador, the Bahamas: Nassau, Barbados: Bridgetown,
    Fiji: Suva, Samoa: Apia, Tonga: Nuku'alofa, New Zealand: Wellington, Eritrea: Asmara, Malawi: Lilongwe,
    Lesotho: Maseru, Burundi: Gitega, Bosnia and Herzegovina: Sarajevo, North Macedonia: Skopje,
    Montenegro: Podgorica"""

LETTERS = "ABCD"

TRAIN = 90
"""Countries to train on; the others are held out."""

ROUNDS = {"train": 4, "test": 3}
"""How often each country is asked for, with other options each time."""


def countries() -> list[tuple[str, str]]:
    """Returns countries with their capitals, shuffled."""
    pairs = [tuple(pair.strip().split(": ")) for pair in " ".join(CAPITALS.split()).split(", ")]
    found = [(country, capital) for country, capital in pairs]
    Random("countries").shuffle(found)
    return found


def rows(part: str) -> list[dict[str, str]]:
    """Returns the rows of `train` or `test`."""
    random, pairs = Random(part), countries()
    asked = pairs[:TRAIN] if part == "train" else pairs[TRAIN:]
    found = [_row(country, capital, pairs, random) for _ in range(ROUNDS[part]) for country, capital in asked]
    random.shuffle(found)
    return found


def _row(country: str, capital: str, pairs: Sequence[tuple[str, str]], random: Random) -> dict[str, str]:
    options = [capital, *random.sample([other for _, other in pairs if other != capital], len(LETTERS) - 1)]
    random.shuffle(options)
    listed = [f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=True)]
    question = "\n".join([f"What is the capital of {country}?", *listed])
    return {"question": question, "answer": capital, "solution": LETTERS[options.index(capital)]}


def main() -> None:
    """Writes the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for part in ROUNDS:
        jsonl.write(folder / f"capitals-{part}.jsonl", rows(part))


if __name__ == "__main__":
    main()
