package io.fairlead.deploy.production;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart, rendered by Helm, held to the schemas of Kubernetes and to what Fairlead wants. */
@Timeout(120)
class ChartTest {

    private static final Path CHART = Project.DEPLOY.resolve("helm").resolve("fairlead");
    private static final Path MANIFESTS = Project.DEPLOY.resolve("kubernetes");

    /** What stopping takes besides the drain: 6 s for the last Close frames, 10 s for requests under way. */
    private static final int STOP_SECONDS = 16;

    /** Of those that the chart is for. */
    private static final String OLDEST_KUBERNETES = "1.30.0";

    private static final String TLS = """
            tls:
              secretName: fairlead-tls
            service:
              type: LoadBalancer
              externalTrafficPolicy: Local
            """;

    /** Each value is another than the default. */
    private static final String ALL = """
            routes:
              - path: /
                to: http://app1:8080 weight=2, http://app2:8080
              - path: /$(NAME)/
                to: dns+https://live.other.svc:9443/
                settings: {maxTunnels: 1000000, preserveHost: false, timeout: 5s}
            backends:
              - {name: live-a, selector: {app: live, tier: a}, port: 9443}
              - {name: live-b, selector: {app: live, tier: b}, port: 9444}
            replicas: 5
            image: {repository: registry.example/fairlead, tag: "7", pullPolicy: Always}
            imagePullSecrets: [{name: registry}]
            tls: {secretName: other-tls, redirectHttp: false}
            service:
              type: NodePort
              annotations: {example/a: "true"}
              externalTrafficPolicy: Cluster
              httpPort: 8000
              httpsPort: 8001
            preStopSeconds: 15
            drainSeconds: 600
            arguments: ["--doctor", "10.0.0.0/8"]
            javaOptions: -Xmx1g -Dx="y z"
            resources: {requests: {cpu: 2, memory: 3Gi}, limits: {memory: 3Gi, cpu: "4"}}
            maxUnavailable: 50%
            networkPolicy:
              from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}]
              egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 8080, protocol: TCP}]}]
            podLabels: {team: a}
            podAnnotations: {example/b: "1"}
            nodeSelector: {kubernetes.io/arch: amd64}
            tolerations: [{key: x, operator: Exists}]
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: x, operator: Exists}]}]}}}
            fullnameOverride: edge
            """;

    private final Path directory;

    ChartTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void helmFindsNothingToMend() {
        LintResult result = new Helm(CHART).lint().strict().call();
        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    }

    @Test
    void itIsOfThisVersion() throws Exception {
        JsonNode chart = Yaml.document(Files.readString(CHART.resolve("Chart.yaml")));
        String version = System.getProperty("fairlead.version").replace("-SNAPSHOT", "");
        assertThat(chart.path("version").asText()).isEqualTo(version);
        assertThat(chart.path("appVersion").asText()).isEqualTo(version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", TLS, ALL, "networkPolicy: {enabled: false}", "backends: []", "drainSeconds: 0"})
    void whatItMakesIsValidAndFitsTogether(String values) throws Exception {
        Map<String, JsonNode> objects = render(values);
        for (JsonNode object : objects.values()) {
            assertThat(KubernetesSchemas.faults(object))
                    .as(object.toPrettyString())
                    .isEmpty();
            assertThat(object.at("/metadata/namespace").isMissingNode())
                    .as("the namespace is the caller's to name")
                    .isTrue();
        }
        JsonNode deployment = the(objects, "Deployment");
        JsonNode pod = deployment.at("/spec/template/spec");
        JsonNode container = pod.at("/containers/0");

        JsonNode selector = deployment.at("/spec/selector/matchLabels");
        JsonNode labels = deployment.at("/spec/template/metadata/labels");
        selector.fields().forEachRemaining(label -> assertThat(labels.get(label.getKey()))
                .isEqualTo(label.getValue()));
        assertThat(selector).hasSize(2);
        String name = deployment.at("/metadata/name").asText();
        JsonNode service = service(objects, name);
        assertThat(service.at("/spec/selector")).isEqualTo(selector);
        assertThat(the(objects, "PodDisruptionBudget").at("/spec/selector/matchLabels"))
                .isEqualTo(selector);
        assertThat(pod.at("/topologySpreadConstraints/0/labelSelector/matchLabels"))
                .isEqualTo(selector);
        JsonNode policy = objects.get("NetworkPolicy " + name);
        if (policy != null) {
            assertThat(policy.at("/spec/podSelector/matchLabels")).isEqualTo(selector);
        }
        assertThat(pod.path("serviceAccountName").asText())
                .isEqualTo(the(objects, "ServiceAccount").at("/metadata/name").asText());

        Set<String> ports = new TreeSet<>();
        container.path("ports").forEach(port -> ports.add(port.path("name").asText()));
        Set<String> targets = new TreeSet<>();
        service.at("/spec/ports")
                .forEach(port -> targets.add(port.path("targetPort").asText()));
        assertThat(targets).isEqualTo(ports);
        assertThat(container.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/-/ready");
        assertThat(container.at("/startupProbe/httpGet/path").asText()).isEqualTo("/-/ready");
        assertThat(container.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/-/live");
        for (String probe : List.of("readinessProbe", "startupProbe", "livenessProbe"))
            assertThat(container.at("/" + probe + "/httpGet/port").asText())
                    .as("what a redirect to TLS leaves alone, and no certificate is needed for")
                    .isEqualTo("http");

        assertRestricted(pod, container);
        assertThat(pod.path("terminationGracePeriodSeconds").asInt())
                .isGreaterThan(container.at("/lifecycle/preStop/sleep/seconds").asInt()
                        + Integer.parseInt(following(container, "--drain"))
                        + STOP_SECONDS);
        assertThatFairleadTakes(Yaml.texts(container.path("args")));
    }

    /** The profile "restricted" of Pod Security Admission, a root that nobody writes to, and no token. */
    private static void assertRestricted(JsonNode pod, JsonNode container) {
        assertThat(pod.path("containers")).hasSize(1);
        assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
        assertThat(pod.at("/securityContext/runAsUser").asInt()).isEqualTo(65532);
        assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isFalse();
        JsonNode context = container.path("securityContext");
        assertThat(context.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(context.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(Yaml.texts(context.at("/capabilities/drop"))).containsExactly("ALL");
        for (String field : List.of("hostNetwork", "hostPID", "hostIPC"))
            assertThat(pod.path(field).asBoolean()).isFalse();
        pod.path("volumes").forEach(volume -> assertThat(volume.has("secret")).isTrue());
    }

    /** The command line is read, and told to be right but for a port that there cannot be; nothing is started. */
    private void assertThatFairleadTakes(List<String> arguments) throws Exception {
        List<String> changed = new ArrayList<>();
        String pem = null;
        for (String argument : arguments) {
            if (argument.startsWith("/etc/fairlead/tls/")) {
                if (pem == null) pem = Certificates.pem(directory).toString();
                changed.add(pem);
            } else {
                changed.add(argument.replace("$$(", "$("));
            }
        }
        changed.set(changed.indexOf("--http-port") + 1, "none");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", Project.WAR.toString()));
        command.addAll(changed);
        try (Program program = Program.start(command)) {
            assertThat(program.exitStatus()).isEqualTo(2);
            assertThat(program.output().lines())
                    .satisfiesExactly(
                            line -> assertThat(line).startsWith("fairlead: --http-port none: "),
                            line -> assertThat(line).startsWith("See "));
        }
    }

    @Test
    void tlsComesFromASecretThatMayChange() throws Exception {
        Map<String, JsonNode> objects = render(TLS);
        JsonNode pod = the(objects, "Deployment").at("/spec/template/spec");
        JsonNode container = pod.at("/containers/0");
        assertThat(pod.at("/volumes/0/secret/secretName").asText()).isEqualTo("fairlead-tls");
        assertThat(pod.at("/volumes/0/secret/defaultMode").asInt()).isEqualTo(0440);
        assertThat(pod.at("/securityContext/fsGroup").asInt()).as("may read it").isEqualTo(65532);
        JsonNode mount = container.at("/volumeMounts/0");
        assertThat(mount.path("readOnly").asBoolean()).isTrue();
        assertThat(mount.has("subPath"))
                .as("what is mounted so stays as it was")
                .isFalse();
        String at = mount.path("mountPath").asText();
        assertThat(following(container, "--cert")).isEqualTo(at + "/tls.crt");
        assertThat(following(container, "--key")).isEqualTo(at + "/tls.key");
        assertThat(following(container, "--https-port")).isEqualTo("8443");
        assertThat(Yaml.texts(container.path("args"))).contains("--redirect-http");
        assertThat(container.at("/ports/1/containerPort").asInt()).isEqualTo(8443);
        assertThat(the(objects, "NetworkPolicy")
                        .at("/spec/ingress/0/ports/1/port")
                        .asText())
                .isEqualTo("https");
        assertThat(service(objects, "fairlead")
                        .at("/spec/externalTrafficPolicy")
                        .asText())
                .isEqualTo("Local");
    }

    @Test
    void backendsAreFoundByHeadlessServicesAndMayBeConnectedTo() throws Exception {
        Map<String, JsonNode> objects = render("");
        JsonNode chat = service(objects, "chat");
        assertThat(chat.at("/spec/clusterIP").asText()).isEqualTo("None");
        assertThat(chat.at("/spec/publishNotReadyAddresses").asBoolean()).isFalse();
        assertThat(following(the(objects, "Deployment").at("/spec/template/spec/containers/0"), "--route"))
                .isEqualTo("/socket.io/=dns+http://"
                        + chat.at("/metadata/name").asText() + ":"
                        + chat.at("/spec/ports/0/port").asInt());
        JsonNode egress = the(objects, "NetworkPolicy").at("/spec/egress/1");
        assertThat(egress.at("/to/0/podSelector/matchLabels")).isEqualTo(chat.at("/spec/selector"));
        assertThat(egress.at("/ports/0/port")).isEqualTo(chat.at("/spec/ports/0/targetPort"));
    }

    @Test
    void valuesArriveWhereTheyBelong() throws Exception {
        Map<String, JsonNode> objects = render(ALL);
        JsonNode deployment = the(objects, "Deployment");
        JsonNode pod = deployment.at("/spec/template/spec");
        JsonNode container = pod.at("/containers/0");
        assertThat(deployment.at("/metadata/name").asText()).isEqualTo("edge");
        assertThat(deployment.at("/spec/replicas").asInt()).isEqualTo(5);
        assertThat(container.path("image").asText()).isEqualTo("registry.example/fairlead:7");
        assertThat(container.path("imagePullPolicy").asText()).isEqualTo("Always");
        assertThat(Yaml.texts(container.path("args")))
                .containsSubsequence("--drain", "600")
                .containsSubsequence("--route", "/=http://app1:8080 weight=2, http://app2:8080")
                .containsSubsequence(
                        "--route",
                        "/$$(NAME)/=dns+https://live.other.svc:9443/;maxTunnels=1000000;preserveHost=false;timeout=5s")
                .endsWith("--doctor", "10.0.0.0/8")
                .doesNotContain("--redirect-http");
        assertThat(container.at("/env/0").toString())
                .isEqualTo("{\"name\":\"JDK_JAVA_OPTIONS\",\"value\":\"-Xmx1g -Dx=\\\"y z\\\"\"}");
        assertThat(container.at("/resources/requests/memory").asText()).isEqualTo("3Gi");
        assertThat(pod.at("/imagePullSecrets/0/name").asText()).isEqualTo("registry");
        assertThat(pod.at("/nodeSelector").toString()).isEqualTo("{\"kubernetes.io/arch\":\"amd64\"}");
        assertThat(pod.at("/tolerations/0/key").asText()).isEqualTo("x");
        assertThat(pod.at("/affinity/nodeAffinity").isObject()).isTrue();
        assertThat(deployment.at("/spec/template/metadata/labels/team").asText())
                .isEqualTo("a");
        assertThat(deployment.at("/spec/template/metadata/annotations").toString())
                .isEqualTo("{\"example/b\":\"1\"}");
        JsonNode service = service(objects, "edge");
        assertThat(service.at("/spec/type").asText()).isEqualTo("NodePort");
        assertThat(service.at("/spec/ports/0/port").asInt()).isEqualTo(8000);
        assertThat(service.at("/spec/ports/1/port").asInt()).isEqualTo(8001);
        assertThat(service.at("/metadata/annotations").toString()).isEqualTo("{\"example/a\":\"true\"}");
        assertThat(the(objects, "PodDisruptionBudget")
                        .at("/spec/maxUnavailable")
                        .asText())
                .isEqualTo("50%");
        assertThat(objects).containsKeys("Service live-a", "Service live-b").doesNotContainKey("Service chat");
        JsonNode policy = the(objects, "NetworkPolicy");
        assertThat(policy.at("/spec/ingress/0/from/0").has("namespaceSelector")).isTrue();
        assertThat(policy.at("/spec/egress")).as("DNS, two backends, one more").hasSize(4);
    }

    /** That the schemas refuse what Kubernetes would: else all that is green above says nothing. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "httpGet:             | httpget:",
                "readinessProbe:      | readyProbe:",
                "terminationGracePeriodSeconds: 45 | terminationGracePeriodSeconds: long",
                "replicas: 2          | replicas: two",
                "replicas: 2          | replicas: '2'",
                "runAsNonRoot: true   | runAsNonRoot: 'true'",
                "apiVersion: apps/v1  | apiVersion: apps/v9",
                "kind: ServiceAccount | kind: ServicesAccount",
                "maxUnavailable: 1    | maxUnavailable: true",
                "app: chat            | app: true",
                "port: 3000           | prot: 3000",
                "whenUnsatisfiable: ScheduleAnyway | maxSkew2: 1",
                "cpu: 100m            | cpu: [100m]",
            })
    void theSchemasFindMistakes(String right, String wrong) throws Exception {
        String rendered = rendering("");
        assertThat(rendered).contains(right);
        List<String> faults = new ArrayList<>();
        for (JsonNode object : Yaml.documents(rendered.replace(right, wrong)))
            faults.addAll(KubernetesSchemas.faults(object));
        assertThat(faults).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "replica: 3",
                "replicas: many",
                "routes: []",
                "routes: [{path: chat, to: http://chat}]",
                "routes: [{path: /, to: chat:3000}]",
                "routes: [{path: /, to: http://chat, setings: {}}]",
                "routes: [{path: /, to: http://chat, settings: {rate: 0.5}}]",
                "backends: [{name: Chat, selector: {app: chat}, port: 3000}]",
                "backends: [{name: chat, selector: {}, port: 3000}]",
                "backends: [{name: chat, selector: {app: chat}, port: 0}]",
                "tls: {secret: x}",
                "service: {type: ExternalName}",
                "drainSeconds: 5s",
                "preStopSeconds: 0",
                "maxUnavailable: half"
            })
    void valuesThatMakeNoSenseAreRefused(String values) {
        assertThatThrownBy(() -> rendering(values))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("values don't meet the specifications of the schema");
    }

    @Test
    void theManifestsAreWhatTheChartMakes() throws Exception {
        assertManifest("fairlead.yaml", "", "");
        assertManifest("fairlead-tls.yaml", TLS, " with\n#\n# " + TLS.strip().replace("\n", "\n# "));
    }

    private void assertManifest(String file, String values, String said) throws Exception {
        StringBuilder text = new StringBuilder("# What the chart in deploy/helm makes" + said + "\n");
        rendering(values).lines().filter(line -> !line.startsWith("# Source: ")).forEach(line -> text.append(line)
                .append('\n'));
        Path manifest = MANIFESTS.resolve(file);
        if (Boolean.getBoolean("fairlead.writeManifests")) Files.writeString(manifest, text);
        assertThat(manifest).as("-Dfairlead.writeManifests=true writes it anew").hasContent(text.toString());
    }

    /** By kind and name. */
    private Map<String, JsonNode> render(String values) throws Exception {
        Map<String, JsonNode> objects = new TreeMap<>();
        for (JsonNode object : Yaml.documents(rendering(values))) {
            String key = object.path("kind").asText() + " "
                    + object.at("/metadata/name").asText();
            assertThat(objects.put(key, object)).as(key).isNull();
        }
        return objects;
    }

    private String rendering(String values) throws IOException {
        TemplateCommand template = new Helm(CHART)
                .template()
                .withName("fairlead")
                .withNamespace("somewhere")
                .withKubeVersion(OLDEST_KUBERNETES);
        if (!values.isEmpty()) {
            template.withValuesFile(Files.writeString(directory.resolve("values.yaml"), values));
        }
        return template.call();
    }

    private static JsonNode the(Map<String, JsonNode> objects, String kind) {
        List<JsonNode> found = objects.values().stream()
                .filter(object -> object.path("kind").asText().equals(kind))
                .toList();
        assertThat(found).as(kind).hasSize(1);
        return found.get(0);
    }

    private static JsonNode service(Map<String, JsonNode> objects, String name) {
        return Objects.requireNonNull(objects.get("Service " + name), name);
    }

    /** The argument behind the first one of a name. */
    private static String following(JsonNode container, String name) {
        List<String> arguments = Yaml.texts(container.path("args"));
        assertThat(arguments).contains(name);
        return arguments.get(arguments.indexOf(name) + 1);
    }
}
