"""The customers' file: every line is a customer or has a reason, whatever the file looks like."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inviting.customers_file import Rejected, Repeated, Row, UnusableFileError, read_customers
from flows.customer import Address, Basis, Customer
from tests.cast import ALICE, BABAK
from tests.soak import SOAK

HEADER = "customer,phone,email,language,basis"
SAMPLES = Path(__file__).parents[3] / "examples" / "customers.csv"
MIB = 1024 * 1024


def read(text: str, encoding: str = "utf-8") -> list[Row | Rejected]:
    return list(read_customers(io.BytesIO(text.encode(encoding))))


def customer(line: str, header: str = HEADER) -> Customer:
    (row,) = read(f"{header}\n{line}\n")
    assert isinstance(row, Row)
    return row.customer


def reason(line: str, header: str = HEADER) -> str:
    (row,) = read(f"{header}\n{line}\n")
    assert isinstance(row, Rejected)
    return row.reason


def test_a_line_becomes_a_customer() -> None:
    rows = read(f"{HEADER}\n100001,+491713920011,,en,consent\n100002,0171 3920012,,,consent\n")

    assert rows == [Row(2, ALICE), Row(3, BABAK)]


def test_further_columns_become_attributes_and_the_operators_ids_are_kept_apart() -> None:
    found = customer(
        "7;;Alice@Mail.Example;en;existing_customer;b-1;a-1;nord-m;;x",
        "Customer;Phone;Email;Language;Basis;bucket;account;Tariff;land;Service Area",
    )

    assert found.attributes == (("tariff", "nord-m"), ("service_area", "x"))
    assert (found.bucket, found.account) == ("b-1", "a-1")
    assert found.basis is Basis.EXISTING_CUSTOMER
    assert [c.address for c in found.contacts] == [Address("mailto:alice@mail.example")]


@pytest.mark.parametrize("spelling", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_every_usual_spelling_of_a_file_is_read(spelling: str, end: str, delimiter: str) -> None:
    lines = [f"{HEADER},ort", '7,"0171 39200-11",,de,consent,"München; Süd, Nähe Ü"', "", ",,,,,"]
    if delimiter == ";":
        lines = [
            HEADER.replace(",", ";") + ";ort",
            '7;"0171 39200-11";;de;consent;"München; Süd, Nähe Ü"',
            "",
            ";;;;;",
        ]

    (row,) = read(end.join(lines), spelling)

    assert isinstance(row, Row)
    assert row.customer.attributes == (("ort", "München; Süd, Nähe Ü"),)


def test_a_row_without_a_basis_is_a_customer_all_the_same() -> None:
    assert customer("7,01713920011,,de,").basis is None


@pytest.mark.parametrize(
    ("written", "language"), [("", "de"), ("EN", "en"), ("de-AT", "de"), ("fr", "fr")]
)
def test_a_language_is_its_first_two_letters(written: str, language: str) -> None:
    assert customer(f"7,01713920011,,{written},consent").language == language


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",01713920011,,de,consent", "customer: is missing"),
        ("=7,01713920011,,de,consent", "customer: looks like a formula"),
        ("7 8,01713920011,,de,consent", "customer: must be of letters"),
        ("7,,,de,consent", "phone, email: one of them is needed"),
        ("7,12,,de,consent", "phone: is no phone number"),
        ("7,0171392,,de,consent", "phone: is no phone number in use"),
        ("7,030 23125 100,,de,consent", "phone: is no mobile number"),
        ("7,01713920011 ext 3,,de,consent", "phone: is no phone number"),
        ("7,,alice,de,consent", "email: is no e-mail address"),
        ("7,,alice@@mail.example,de,consent", "email: is no e-mail address"),
        ("7,01713920011,alice@,de,consent", "email: is no e-mail address"),
        ("7,01713920011,,Deutsch,consent", "language: must be a code"),
        ("7,01713920011,,de,maybe", "basis: must be consent or existing_customer"),
        ("7,01713920011,,de", "has 4 fields where line 1 has 5"),
        ("7,01713920011,,de,consent,more", "has 6 fields where line 1 has 5"),
        ('7,"01713920011,,de,consent', "has a quote that is not closed"),
        ('7,"0171"3920011,,de,consent', "has a quote that is not closed"),
        ("7,01713\x0020011,,de,consent", "has a NUL character"),
        ("7,01713\x0120011,,de,consent", "phone: has a control character"),
        ("7,01713920011,,de,con\u202esent", "basis: has a control character"),
        (f"7,01713920011,{'a' * 501},de,consent", "email: is longer than 500 characters"),
        (f"7,01713920011,{'a' * 70_000},de,consent", "is longer than 65536 bytes"),
    ],
    ids=str,
)
def test_a_bad_line_has_a_reason(line: str, expected: str) -> None:
    assert reason(line).startswith(expected)


@pytest.mark.parametrize("formula", ["=1+1", "@sum(a1)", "+cmd|calc", "-2+a1"])
def test_a_formula_does_not_become_an_attribute(formula: str) -> None:
    assert reason(f"7,01713920011,,de,consent,{formula}", f"{HEADER},plan").startswith("plan: ")


@pytest.mark.parametrize("number", ["-5", "+3.5", "-1 200,50"])
def test_a_number_with_a_sign_is_no_formula(number: str) -> None:
    found = customer(f'7,01713920011,,de,consent,"{number}"', f"{HEADER},balance")

    assert found.attributes == (("balance", number),)


def test_a_bad_line_does_not_spoil_its_neighbours() -> None:
    long = "a" * 200_000
    rows = read(
        f'{HEADER}\n1,"017139,,de,consent\n2,01713920011,,de,consent\n'
        f"3,{long},,de,consent\n4,01713920012,,de,consent"
    )

    assert [(r.line, type(r)) for r in rows] == [(2, Rejected), (3, Row), (4, Rejected), (5, Row)]


def test_a_customer_who_stands_in_the_file_twice_is_taken_once() -> None:
    rows = read(f"{HEADER}\n7,01713920011,,de,consent\n7,01713920012,,en,consent\n")

    assert rows[1] == Repeated(3, "customer 7 stands in line 2 already")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("+491713920011,", "0171 3920011,", "phone: belongs to the customer of line 2 already"),
        (",a@b.example", ",A@B.EXAMPLE", "email: belongs to the customer of line 2 already"),
    ],
)
def test_an_address_belongs_to_one_customer(first: str, second: str, expected: str) -> None:
    rows = read(f"{HEADER}\n7,{first},de,consent\n8,{second},de,consent\n")

    assert rows[1] == Rejected(3, expected)


def test_an_address_of_a_rejected_line_is_free() -> None:
    rows = read(f"{HEADER}\n7,01713920011,,de,maybe\n8,01713920011,,de,consent\n")

    assert [type(row) for row in rows] == [Rejected, Row]


def test_a_line_in_another_encoding_than_those_above_is_rejected() -> None:
    lines = [f"{HEADER},ort".encode(), "7,01713920011,,de,consent,Köln".encode()]
    lines.append("8,01713920012,,de,consent,Köln".encode("cp1252"))

    rows = list(read_customers(io.BytesIO(b"\n".join(lines))))

    assert [type(row) for row in rows] == [Row, Rejected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"customer,phone,email\n", "line 1 lacks language, basis"),
        (b"7,01713920011,,de,consent\n", "line 1 lacks customer"),
        (HEADER.encode() + b",plan,plan\n", "line 1, column 7: is named twice"),
        (HEADER.encode() + b",attribute:x\n", "line 1, column 6: "),
        (b'"customer,phone\n', "line 1 has a quote"),
        (HEADER.encode("utf-16"), "is no CSV text"),
        (b"PK\x03\x04\x14\0\0", "is no CSV text"),
        (b"x" * 100_000, "is no CSV text"),
    ],
    ids=["empty", "short", "headless", "twice", "odd", "quote", "utf-16", "zip", "endless"],
)
def test_a_file_without_a_usable_header_is_refused_in_one_line(
    content: bytes, expected: str
) -> None:
    with pytest.raises(UnusableFileError) as caught:
        list(read_customers(io.BytesIO(content)))

    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(rubbish: bytes) -> None:
    stream = io.BytesIO(HEADER.encode() + b"\n" + rubbish)

    rows = list(read_customers(stream))

    assert len({row.line for row in rows}) == len(rows)
    assert all(row.line <= rubbish.count(b"\n") + 2 for row in rows)


def test_the_samples_are_read_without_a_reject() -> None:
    with SAMPLES.open("rb") as stream:
        rows = list(read_customers(stream))

    customers = [row.customer for row in rows if isinstance(row, Row)]
    assert len(customers) == len(rows) == 36
    assert sum(found.basis is None for found in customers) == 2
    assert {found.language for found in customers} == {"de", "en"}
    assert {found.number for found in customers} >= {ALICE.number, BABAK.number}


class Endless(io.RawIOBase):
    """A file of many customers that never lies in memory as a whole."""

    def __init__(self, customers: int) -> None:
        self.size = 0
        self._lines = self._written(customers)

    def _written(self, customers: int) -> Iterator[bytes]:
        yield HEADER.encode() + b",plan\n"
        for n in range(customers):
            yield f"{n},,customer-{n}@mail.example,de,consent,{'nord-m ' * 20}\n".encode()

    def readline(self, size: int | None = -1, /) -> bytes:
        del size
        line = next(self._lines, b"")
        self.size += len(line)
        return line


def test_a_large_file_takes_little_memory() -> None:
    stream = Endless(customers=10_000 * SOAK)
    rows = 0
    tracemalloc.start()

    try:
        for _ in read_customers(stream):  # type: ignore[arg-type]
            rows += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows == 10_000 * SOAK
    assert peak < MIB < stream.size
