package io.rubato.agent.core.spark;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Calls methods by name, and walks Scala's collections. */
final class Reflection {
    /** By class, and no longer than it lives. */
    private final ClassValue<Map<String, Method>> found = new ClassValue<Map<String, Method>>() {
        @Override
        protected Map<String, Method> computeValue(Class<?> type) {
            return new ConcurrentHashMap<>();
        }
    };

    /** The result of a public method without parameters. */
    Object call(Object target, String method) throws ReflectiveOperationException {
        return invoke(find(target.getClass(), method), target);
    }

    /** As {@link #call}, or null where there is no such method or it fails. */
    Object callOrNull(Object target, String method) {
        try {
            return target == null ? null : call(target, method);
        } catch (ReflectiveOperationException | RuntimeException missing) {
            return null;
        }
    }

    /** The elements of a Scala collection. */
    List<Object> elements(Object collection) throws ReflectiveOperationException {
        List<Object> elements = new ArrayList<>();
        Object iterator = call(collection, "iterator");
        while ((Boolean) call(iterator, "hasNext")) {
            elements.add(call(iterator, "next"));
        }
        return elements;
    }

    private static Object invoke(Method method, Object target) throws ReflectiveOperationException {
        try {
            return method.invoke(target);
        } catch (InvocationTargetException thrown) {
            throw new ReflectiveOperationException(thrown.getCause());
        }
    }

    private Method find(Class<?> type, String name) throws NoSuchMethodException {
        Map<String, Method> methods = found.get(type);
        Method method = methods.get(name);
        if (method == null) {
            method = type.getMethod(name);
            method.setAccessible(true);
            methods.put(name, method);
        }
        return method;
    }
}
