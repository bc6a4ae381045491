package absah;

import eu.europa.esig.dss.diagnostic.PDFRevisionWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/**
 * EU DSS by its default policy (ETSI EN 319 102-1), offline: roots and revocation lists come from a folder as
 * {@code absah trust export} makes it.
 *
 * <p>Stricter than DSS: a document that DSS passes and that changed after signing is refused all the same, for DSS
 * lists such changes beside a TOTAL_PASSED.
 */
final class SignatureJudge implements Court.Judge {
    private final Date at;
    private final CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
    private final List<DSSDocument> lists = new ArrayList<>();

    SignatureJudge(String at, Path trust) throws Exception {
        this.at = Date.from(Instant.parse(at));
        try (InputStream pem = Files.newInputStream(trust.resolve("roots.pem"))) {
            for (var root : CertificateFactory.getInstance("X.509").generateCertificates(pem))
                roots.addCertificate(new CertificateToken((X509Certificate) root));
        }
        try (DirectoryStream<Path> found = Files.newDirectoryStream(trust, "*.crl")) {
            for (Path list : found) lists.add(new FileDocument(list.toFile()));
        }
    }

    @Override
    public Court.Opinion hear(Path file) {
        CommonCertificateVerifier known = new CommonCertificateVerifier();
        known.setTrustedCertSources(roots);
        known.setAIASource(null);
        if (!lists.isEmpty()) known.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(DSSDocument[]::new)));
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file.toFile()));
        validator.setCertificateVerifier(known);
        validator.setValidationTime(at);
        Reports reports = validator.validateDocument();

        SimpleReport report = reports.getSimpleReport();
        List<String> notes = new ArrayList<>();
        List<String> complaints = new ArrayList<>();
        if (report.getSignatureIdList().isEmpty()) complaints.add("not signed");
        for (String id : report.getSignatureIdList()) {
            notes.add(report.getIndication(id) + " " + report.getSignatureFormat(id));
            if (report.getIndication(id) != Indication.TOTAL_PASSED) {
                complaints.add(report.getIndication(id) + " " + report.getSubIndication(id));
                report.getAdESValidationErrors(id).forEach(error -> complaints.add(error.getValue()));
            }
            complaints.addAll(changes(reports.getDiagnosticData().getSignatureById(id)));
        }
        return new Court.Opinion(String.join(", ", notes), complaints);
    }

    private static List<String> changes(SignatureWrapper signature) {
        List<String> found = new ArrayList<>();
        PDFRevisionWrapper revision = signature.getPDFRevision();
        if (revision == null) return List.of("no revision of a PDF");
        if (!revision.isSignatureByteRangeValid()) found.add("byte range not valid");
        if (!revision.isPdfSignatureDictionaryConsistent()) found.add("signature dictionary not consistent");
        var objects = List.of(
                revision.getPdfExtensionChanges(),
                revision.getPdfSignatureOrFormFillChanges(),
                revision.getPdfAnnotationChanges(),
                revision.getPdfUndefinedChanges());
        for (var kind : objects)
            for (var one : kind) found.add("changed after signing: " + one.getAction() + " " + one.getValue());
        var pages = List.of(
                revision.getPdfPageDifferenceConcernedPages(),
                revision.getPdfVisualDifferenceConcernedPages(),
                revision.getPdfAnnotationsOverlapConcernedPages());
        for (var concerned : pages) if (!concerned.isEmpty()) found.add("changed after signing: pages " + concerned);
        return found;
    }
}
