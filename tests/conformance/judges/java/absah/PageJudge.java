package absah;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.VeraPDFFoundry;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** veraPDF by one of its own profiles: PDF/A-3a (ISO 19005-3) or PDF/UA-1 (ISO 14289-1). */
final class PageJudge implements Court.Judge {
    private final PDFAFlavour profile;

    PageJudge(String name) {
        VeraGreenfieldFoundryProvider.initialise();
        profile = PDFAFlavour.fromString(name);
        if (profile == PDFAFlavour.NO_FLAVOUR) throw new IllegalArgumentException("veraPDF has no profile " + name);
    }

    @Override
    public Court.Opinion hear(Path file) throws Exception {
        VeraPDFFoundry foundry = Foundries.defaultInstance();
        try (var parser = foundry.createParser(file.toFile(), profile);
                var validator = foundry.createValidator(profile, false)) {
            ValidationResult result = validator.validate(parser);
            Map<String, Integer> broken = new TreeMap<>();
            for (TestAssertion test : result.getTestAssertions())
                if (test.getStatus() == TestAssertion.Status.FAILED)
                    broken.merge(
                            test.getRuleId().getClause() + "-" + test.getRuleId().getTestNumber() + " "
                                    + test.getMessage(),
                            1,
                            Integer::sum);
            // No rule tried means that no profile was loaded: silence is not consent.
            if (result.getTotalAssertions() == 0) broken.put("no rule was tried", 1);
            if (!result.isCompliant() && broken.isEmpty()) broken.put("not compliant", 1);
            List<String> complaints =
                    broken.entrySet().stream().map(rule -> rule.getValue() + " times " + rule.getKey()).toList();
            return new Court.Opinion(result.getTotalAssertions() + " checks", complaints);
        }
    }
}
