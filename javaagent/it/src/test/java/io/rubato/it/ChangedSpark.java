package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.function.UnaryOperator;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.Deflater;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.ClassWriter;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;
import net.bytebuddy.jar.asm.commons.ClassRemapper;
import net.bytebuddy.jar.asm.commons.Remapper;

/**
 * Spark's SQL classes written again with a name or a signature changed wherever it occurs, so that Spark itself works as
 * before: what a later Spark may look like to the agent.
 *
 * @param word what occurs in each class that has to be written again
 */
record ChangedSpark(String word, UnaryOperator<ClassVisitor> change) {
    private static final String SQL = "org/apache/spark/sql/";

    static ChangedSpark withClassRenamed(String simpleName, String to) {
        return new ChangedSpark(simpleName, out -> new ClassRemapper(out, new Remapper() {
            @Override
            public String map(String internalName) {
                int at = internalName.lastIndexOf('/') + 1;
                boolean meant = internalName.startsWith(SQL) && (internalName.substring(at) + '$').startsWith(simpleName + '$');
                return meant ? internalName.substring(0, at) + to + internalName.substring(at + simpleName.length())
                        : internalName;
            }
        }));
    }

    static ChangedSpark withMethodRenamed(String method, String to) {
        return new ChangedSpark(method, out -> new ClassRemapper(out, new Remapper() {
            @Override
            public String mapMethodName(String owner, String name, String descriptor) {
                return name.equals(method) ? to : name;
            }
        }));
    }

    /** A method that returns a number where it returned a truth value: to the JVM's arithmetic they are the same. */
    static ChangedSpark withNumberForTruth(String method) {
        return new ChangedSpark(method, out -> new ClassVisitor(Opcodes.ASM9, out) {
            @Override
            public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] thrown) {
                return new MethodVisitor(api, super.visitMethod(access, name, changed(name, descriptor), signature, thrown)) {
                    @Override
                    public void visitMethodInsn(int opcode, String owner, String called, String its, boolean onInterface) {
                        super.visitMethodInsn(opcode, owner, called, changed(called, its), onInterface);
                    }
                };
            }

            private String changed(String name, String descriptor) {
                return name.equals(method) ? descriptor.replaceAll("\\)Z$", ")I") : descriptor;
            }
        });
    }

    /** The class path with this Spark in the place of the jobs' own; its jar is written into the folder. */
    String in(String classPath, Path folder) throws IOException {
        String own = Arrays.stream(classPath.split(File.pathSeparator)).filter(jar -> jar.matches(".*/spark-sql_[^/]*\\.jar"))
                .findFirst().orElseThrow();
        Path changed = folder.resolve("changed.jar");
        try (JarFile spark = new JarFile(own);
                OutputStream file = Files.newOutputStream(changed); JarOutputStream out = new JarOutputStream(file)) {
            out.setLevel(Deflater.BEST_SPEED);
            for (Enumeration<JarEntry> entries = spark.entries(); entries.hasMoreElements();) {
                JarEntry entry = entries.nextElement();
                write(out, entry.getName(), spark.getInputStream(entry).readAllBytes());
            }
        }
        return classPath.replace(own, changed.toString());
    }

    private void write(JarOutputStream out, String entry, byte[] before) throws IOException {
        String name = entry;
        byte[] after = before;
        if (entry.endsWith(".class") && new String(before, StandardCharsets.ISO_8859_1).contains(word)) {
            ClassWriter writer = new ClassWriter(0);
            new ClassReader(before).accept(change.apply(writer), 0);
            after = writer.toByteArray();
            name = new ClassReader(after).getClassName() + ".class";
        }
        out.putNextEntry(new JarEntry(name));
        out.write(after);
    }
}
