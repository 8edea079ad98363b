"""The bytes of mails as text, above all those of Japanese mails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.charset import decode

RARE = "①⑳㈱㈲髙﨑ⅣⅩ№℡㍻㌔∑"
"""The rows of NEC and IBM, which the standard library's iso2022_jp and shift_jis reject."""
HALF_WIDTH = "ｱｲｳｶﾞﾊﾟｰ｡｢｣"


def jis(text: str) -> bytes:
    """ISO-2022-JP as mail programs write it (cp50221): a JIS pair for every cp932 pair."""
    out, mode = b"", b"\x1b(B"
    for char in text:
        byte = char.encode("cp932")
        if len(byte) == 2:
            wanted, byte = b"\x1b$B", _jis_pair(byte)
        elif byte[0] >= 0x80:
            wanted, byte = b"\x1b(I", bytes([byte[0] & 0x7F])
        else:
            wanted = b"\x1b(B"
        out, mode = out + (b"" if wanted == mode else wanted) + byte, wanted
    return out + (b"" if mode == b"\x1b(B" else b"\x1b(B")


def _jis_pair(pair: bytes) -> bytes:
    lead, trail = pair
    if lead >= 0xFA:  # IBM's own rows stand in NEC's in mails
        lead, trail = _nec(pair)
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21
    if trail >= 0x9F:
        return bytes([row + 1, trail - 0x7E])
    return bytes([row, trail - (0x20 if trail > 0x7F else 0x1F)])


def _nec(pair: bytes) -> bytes:
    """The same character among NEC's selection of IBM's (0xED40 to 0xEEFC)."""
    for lead in (0xED, 0xEE):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD)):
            try:
                if bytes([lead, trail]).decode("cp932") == pair.decode("cp932"):
                    return bytes([lead, trail])
            except UnicodeDecodeError:
                continue
    raise AssertionError(pair)


def euc(text: str) -> bytes:
    """EUC-JP as Windows writes it (cp51932)."""
    out = b""
    for char in text:
        byte = char.encode("cp932")
        if len(byte) == 2:
            out += bytes(part | 0x80 for part in _jis_pair(byte))
        else:
            out += (b"\x8e" if byte[0] >= 0x80 else b"") + byte
    return out


@pytest.mark.parametrize("text", ["日本語のメール", RARE, HALF_WIDTH, f"A{RARE}B{HALF_WIDTH}C\n次"])
@pytest.mark.parametrize("label", ["iso-2022-jp", "ISO-2022-JP-MS", "cp50221", "csISO2022JP"])
def test_a_mail_in_iso_2022_jp_keeps_the_characters_of_nec_and_ibm(text: str, label: str) -> None:
    assert decode(jis(text), label) == text


@pytest.mark.parametrize("text", ["日本語のメール", RARE, HALF_WIDTH])
@pytest.mark.parametrize("label", ["shift_jis", "Shift-JIS", "x-sjis", "windows-31j", "cp932"])
def test_a_mail_in_shift_jis_means_that_of_windows(text: str, label: str) -> None:
    assert decode(text.encode("cp932"), label) == text


@pytest.mark.parametrize("text", ["日本語のメール", RARE, HALF_WIDTH])
@pytest.mark.parametrize("label", ["euc-jp", "EUC_JP", "x-euc-jp"])
def test_a_mail_in_euc_jp_keeps_the_characters_of_nec_and_ibm(text: str, label: str) -> None:
    assert decode(euc(text), label) == text


@pytest.mark.parametrize(
    "text", ["次のとおり、動かない。", f"{RARE}を見てください", "出荷が遅れています"]
)
@pytest.mark.parametrize("label", [None, "", "us-ascii", "x-unknown", "iso-8859-999"])
def test_a_mail_without_a_right_label_is_recognised(text: str, label: str | None) -> None:
    assert decode(text.encode(), label) == text
    assert decode(text.encode("cp932"), label) == text
    assert decode(euc(text), label) == text


@pytest.mark.parametrize("label", [None, "us-ascii", "utf-8"])
def test_outlooks_iso_2022_jp_without_a_label_is_recognised(label: str | None) -> None:
    assert decode(jis(f"件名 {RARE}"), label) == f"件名 {RARE}"


@pytest.mark.parametrize("text", ["日本語", "Grüße aus München"])
def test_utf_8_under_a_wrong_label_is_recognised(text: str) -> None:
    assert decode(text.encode(), "us-ascii") == text
    assert decode(text.encode(), "iso-2022-jp") == text


def test_shift_jis_under_the_label_iso_2022_jp_is_recognised() -> None:
    assert decode("動かない\n次の行".encode("cp932"), "iso-2022-jp") == "動かない\n次の行"


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        (b"caf\xe9 \x80 5", "iso-8859-1", "café € 5"),
        (b"caf\xe9", "latin1", "café"),
        (b"\xc4\xe3\xba\xc3", "gb2312", "你好"),
        (b"\xbe\xc8\xb3\xe7", "ks_c_5601-1987", "안녕"),
        (b"+ZeVnLIqe-", "unicode-1-1-utf-7", "日本語"),
        (b"\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251", "Привет"),
        ("日本".encode("utf-16"), "utf-16", "日本"),
        (b"caf\xc3\xa9", ' "UTF-8" ', "café"),
        (b"caf\xe9", None, "café"),
    ],
)
def test_other_labels_mean_what_mail_programs_mean_by_them(
    data: bytes, label: str | None, text: str
) -> None:
    assert decode(data, label) == text


def test_the_mark_at_the_start_of_unlabelled_utf_8_is_no_text() -> None:
    assert decode(b"\xef\xbb\xbfhello") == "hello"


def test_jis_of_1978_roman_letters_and_shift_marks_are_read() -> None:
    assert decode(b"\x1b$@F|K\\\x1b(J ok\x0e\x0f\x1b$(BF|\x1b(B", "iso-2022-jp") == "日本 ok日"


def test_the_supplementary_kanji_are_read() -> None:
    assert decode("丂侄".encode("iso2022_jp_1"), "iso-2022-jp-1") == "丂侄"
    assert decode("丂侄".encode("euc_jp"), "euc-jp") == "丂侄"


def test_a_line_begins_in_ascii_whatever_the_one_before_forgot() -> None:
    assert decode(b"\x1b$BF|\r\nplain", "iso-2022-jp") == "日\r\nplain"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b$BF|K\nplain", "日�\nplain"),
        (b"\x1b$BF|K\x1b(Bplain", "日�plain"),
        (b"\x1b$BF|K \x1b(Bplain", "日� plain"),
        (b"\x1b$BF|K", "日�"),
    ],
)
def test_a_pair_that_was_cut_off_costs_one_character_and_not_what_follows(
    data: bytes, text: str
) -> None:
    assert decode(data, "iso-2022-jp") == text


@pytest.mark.parametrize("data", [b"\x1b$B)!\x1b(B", b"\x1b$(D!!\x1b(B"])
def test_a_pair_that_stands_for_nothing_is_marked(data: bytes) -> None:
    assert decode(data, "iso-2022-jp") == "�"


@pytest.mark.parametrize("text", ["章1", "出A", "商品1 出荷2", "写真"])
def test_short_shift_jis_is_not_taken_for_euc_jp(text: str) -> None:
    assert decode(text.encode("cp932")) == text


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (b"\xff\xfe\x81", "utf-8"),
        (b"\xff\xfe\x81", "x-nothing"),
        (b"\xff\xfe\x81", "hex"),
        (b"\xff\xfe\x81", "idna"),
        (b"\xff\xfe\x81", "undefined"),
        (b"\xff\xfe\x81", "a\0b"),
        (b"\xff\xfe\x81", "ü\udcff"),
        (b"\x8e", "euc-jp"),
        (b"\x8f\xa1", "euc-jp"),
        (b"\x8f\xa1\xa1", "euc-jp"),
        (b"\xa9\xa1", "euc-jp"),
    ],
)
def test_what_fits_no_label_is_still_some_text(data: bytes, label: str) -> None:
    assert decode(data, label)


LABELS = st.sampled_from(
    [
        None,
        "utf-8",
        "us-ascii",
        "iso-2022-jp",
        "euc-jp",
        "shift_jis",
        "iso-8859-1",
        "gb2312",
        "utf-7",
        "utf-16",
        "big5",
        "x-nothing",
        "base64",
        "unicode_escape",
        "raw_unicode_escape",
        "punycode",
    ]
)
ESCAPES = st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b(I", b"\x1b$(D", b"\x1b", b"\n", b"\\"])
BYTES = st.lists(st.one_of(st.binary(max_size=6), ESCAPES), max_size=12).map(b"".join)


@given(BYTES, st.one_of(LABELS, st.text(max_size=12)))
def test_no_bytes_and_no_label_are_ever_too_much(data: bytes, label: str | None) -> None:
    assert isinstance(decode(data, label), str)


def _stands_in_mails(char: str) -> bool:
    """What Japanese mail programs can write, without the few that come back as a twin."""
    try:
        return char.encode("cp932").decode("cp932") == char
    except UnicodeEncodeError:
        return False


LETTERS = [chr(n) for n in (*range(0x20, 0x7F), *range(0x2010, 0xFFEF))]
JAPANESE = st.text(
    st.sampled_from([c for c in LETTERS if _stands_in_mails(c) and not "\ue000" <= c <= "\uf8ff"]),
    max_size=30,
)


@given(JAPANESE)
def test_japanese_text_comes_back_from_each_way_of_writing_it(text: str) -> None:
    assert decode(text.encode("cp932"), "shift_jis") == text
    assert decode(jis(text), "iso-2022-jp") == text
    assert decode(euc(text), "euc-jp") == text
    assert decode(text.encode(), "utf-8") == text
