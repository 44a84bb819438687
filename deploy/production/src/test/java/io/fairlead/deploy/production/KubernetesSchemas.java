package io.fairlead.deploy.production;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.gson.annotations.SerializedName;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.kubernetes.client.custom.IntOrString;
import io.kubernetes.client.custom.Quantity;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * JSON Schemas of the objects of Kubernetes, from the classes that its own client for Java has generated of its OpenAPI
 * specification: which fields there are, of which types, and which are required. A field that there is not is a fault.
 */
final class KubernetesSchemas {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MODELS = "io.kubernetes.client.openapi.models.";

    private KubernetesSchemas() {}

    /** What is wrong with an object; empty if nothing is. */
    static List<String> faults(JsonNode object) throws Exception {
        String apiVersion = object.path("apiVersion").asText();
        String version = apiVersion.substring(apiVersion.indexOf('/') + 1);
        Class<?> model;
        try {
            model = Class.forName(MODELS
                    + version.substring(0, 1).toUpperCase(Locale.ROOT)
                    + version.substring(1)
                    + object.path("kind").asText());
        } catch (ClassNotFoundException | StringIndexOutOfBoundsException e) {
            return List.of("Kubernetes has no " + apiVersion + " " + object.path("kind"));
        }
        ObjectNode schema = JSON.createObjectNode();
        ObjectNode definitions = schema.putObject("$defs");
        schema.setAll(reference(model, definitions));
        JsonSchema compiled =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema);
        return compiled.validate(object).stream()
                .map(ValidationMessage::getMessage)
                .sorted()
                .toList();
    }

    private static ObjectNode of(Type type, ObjectNode definitions) throws Exception {
        if (type instanceof ParameterizedType generic) {
            ObjectNode schema = JSON.createObjectNode();
            if (Collection.class.isAssignableFrom((Class<?>) generic.getRawType())) {
                schema.put("type", "array").set("items", of(generic.getActualTypeArguments()[0], definitions));
            } else {
                schema.put("type", "object")
                        .set("additionalProperties", of(generic.getActualTypeArguments()[1], definitions));
            }
            return schema;
        }
        Class<?> simple = (Class<?>) type;
        if (simple == String.class || simple == OffsetDateTime.class || simple == byte[].class) return typed("string");
        if (simple == Integer.class || simple == Long.class) return typed("integer");
        if (simple == Boolean.class) return typed("boolean");
        if (simple == Double.class) return typed("number");
        if (simple == IntOrString.class) return typed("integer", "string");
        if (simple == Quantity.class) return typed("number", "string");
        if (simple.getName().startsWith(MODELS)) return reference(simple, definitions);
        if (simple == Object.class) return JSON.createObjectNode();
        throw new AssertionError("no schema of " + type);
    }

    private static ObjectNode typed(String... types) {
        ObjectNode schema = JSON.createObjectNode();
        for (String type : types) schema.withArray("type").add(type);
        return schema;
    }

    /** Of a model; its own schema is among the definitions then. */
    private static ObjectNode reference(Class<?> model, ObjectNode definitions) throws Exception {
        String name = model.getSimpleName();
        if (!definitions.has(name)) {
            ObjectNode schema = definitions.putObject(name);
            schema.put("type", "object").put("additionalProperties", false);
            ObjectNode properties = schema.putObject("properties");
            for (Field field : model.getDeclaredFields()) {
                SerializedName serialized = field.getAnnotation(SerializedName.class);
                if (serialized != null) properties.set(serialized.value(), of(field.getGenericType(), definitions));
            }
            for (Object required :
                    (Set<?>) model.getField("openapiRequiredFields").get(null))
                schema.withArray("required").add((String) required);
        }
        return JSON.valueToTree(Map.of("$ref", "#/$defs/" + name));
    }
}
