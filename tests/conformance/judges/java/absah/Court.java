package absah;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Asks one judge about many files, for one start of the Java machine.
 *
 * <p>Words: {@code dss AT TRUST FILE...} or {@code 3a FILE...} or {@code ua1 FILE...}. One line a file: "accepted" or
 * "refused", the file, a note, and each complaint, parted by tabs.
 */
public final class Court {
    /** What a judge says of a file; no complaint means that it is accepted. */
    record Opinion(String note, List<String> complaints) {}

    /** Something that has an opinion about a file. */
    interface Judge {
        Opinion hear(Path file) throws Exception;
    }

    private Court() {}

    public static void main(String[] words) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        boolean signature = words[0].equals("dss");
        Judge judge = signature ? new SignatureJudge(words[1], Path.of(words[2])) : new PageJudge(words[0]);
        for (String file : Stream.of(words).skip(signature ? 3 : 1).toList()) {
            Opinion opinion;
            try {
                opinion = judge.hear(Path.of(file));
            } catch (Exception | StackOverflowError error) {
                opinion = new Opinion("", List.of("unreadable: " + error));
            }
            Stream<String> parts = Stream.concat(
                    Stream.of(opinion.complaints().isEmpty() ? "accepted" : "refused", file, opinion.note()),
                    opinion.complaints().stream());
            System.out.println(String.join("\t", parts.map(part -> part.replaceAll("\\s+", " ")).toList()));
        }
    }
}
