"""What WeasyPrint leaves out of a PDF that is to be PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) at once."""

from collections.abc import Iterator
from typing import Any, Final

import pydyf

# The identifier of ISO 14289-1 clause 5, and the extension schema that PDF/A asks for any property it does not know
# (ISO 19005-3 6.6.2.3). It must stand inside rdf:RDF; WeasyPrint's own xmp_metadata option puts it after.
_PDF_UA: Final = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">\
<pdfuaid:part>1</pdfuaid:part></rdf:Description>\
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"\
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>\
<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>Part of ISO 14289 that is followed</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"""
_END: Final = b"</rdf:RDF>"
_PT_PER_PX: Final = 0.75


def finish(pdf: Any) -> None:
    """Complete WeasyPrint's `pydyf.PDF` before it is written."""
    _declare_pdf_ua(pdf)
    _read_spaces_as_spaces(pdf)
    elements = _elements(pdf)
    reached = {id(element) for element, _ in elements}
    for element, ancestors in elements:
        if element["S"] == "/TH":
            _give_scope(element, ancestors)
        elif element["S"] == "/Figure":
            _give_place(element, pdf)
    _set_heads_aside(pdf, reached)


def _declare_pdf_ua(pdf: Any) -> None:
    for stream in pdf.objects:
        extra = getattr(stream, "extra", None)
        if extra and extra.get("Type") == "/Metadata":
            before, end, after = b"".join(stream.stream).rpartition(_END)
            stream.stream = [before, _PDF_UA, end, after]


def _read_spaces_as_spaces(pdf: Any) -> None:
    """Let whoever searches or copies text meet plain spaces alone.

    Typefaces have one glyph for both kinds; WeasyPrint takes all its uses for the kind that it happened to draw first.
    """
    for stream in pdf.objects:
        chunks = getattr(stream, "stream", None)
        if isinstance(chunks, list) and b"begincmap" in chunks:
            stream.stream = [chunk.replace(b"> <00a0>", b"> <0020>") for chunk in chunks]


def _give_scope(cell: Any, ancestors: tuple[str, ...]) -> None:
    """Say what a head is the head of (ISO 32000-1 table 349): WeasyPrint lists the heads of each cell instead."""
    cell["A"]["Scope"] = "/Column" if "/THead" in ancestors else "/Row"


def _give_place(figure: Any, pdf: Any) -> None:
    """The box of a figure in user space (ISO 32000-1 table 344): WeasyPrint gives CSS pixels from the page's top."""
    left, top, right, bottom = figure["A"]["BBox"]
    height = _at(pdf, figure["Pg"])["MediaBox"][3]
    figure["A"]["BBox"] = pydyf.Array(
        round(number, 3)
        for number in (
            left * _PT_PER_PX,
            height - bottom * _PT_PER_PX,
            right * _PT_PER_PX,
            height - top * _PT_PER_PX,
        )
    )


def _set_heads_aside(pdf: Any, reached: set[int]) -> None:
    """Make running heads and feet artifacts (ISO 14289-1 7.8).

    WeasyPrint tags them like the text and leaves their elements outside the tree. They are found by that.
    """
    root = _at(pdf, pdf.catalog["StructTreeRoot"])
    numbers = _at(pdf, root["ParentTree"])["Nums"]
    pages = pdf.page_references
    for page, parents in zip(numbers[::2], numbers[1::2], strict=True):
        if page >= len(pages):
            continue
        aside = {mcid for mcid, parent in enumerate(parents) if id(_at(pdf, parent)) not in reached}
        for mcid in aside:
            parents[mcid] = b"null"
        chunks = _at(pdf, _at(pdf, pages[page])["Contents"]).stream
        for index, chunk in enumerate(chunks):
            if chunk == b"BDC" and chunks[index - 1].get("MCID") in aside:
                chunks[index - 2 : index] = [b"/Artifact", pydyf.Dictionary({"Type": "/Pagination"})]
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("Type") == "/StructElem" and id(item) not in reached:
            item.clear()


def _elements(pdf: Any) -> list[tuple[Any, tuple[str, ...]]]:
    """Every element of the structure that can be reached from its root, with the types of those around it."""

    def walk(element: Any, ancestors: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
        yield element, ancestors
        for kid in element["K"]:
            if not isinstance(kid, int):
                inner = _at(pdf, kid)
                if inner.get("Type") == "/StructElem":
                    yield from walk(inner, (*ancestors, element["S"]))

    (top,) = _at(pdf, pdf.catalog["StructTreeRoot"])["K"]
    return list(walk(_at(pdf, top), ()))


def _at(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]
