"""What WeasyPrint leaves out of a PDF that is to be PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) at once."""

from typing import Any, Final

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


def declare_pdf_ua(_document: Any, pdf: Any) -> None:
    """A `finisher` of WeasyPrint: adds the PDF/UA-1 identifier to the document's metadata."""
    for stream in pdf.objects:
        extra = getattr(stream, "extra", None)
        if extra and extra.get("Type") == "/Metadata":
            before, end, after = b"".join(stream.stream).rpartition(_END)
            stream.stream = [before, _PDF_UA, end, after]
