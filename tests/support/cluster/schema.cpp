#include "support/cluster/schema.hpp"

#include "mlopsctl/base/text.hpp"

#include "support/cluster/api_error.hpp"

#include <fmt/format.h>

#include <map>
#include <sstream>

namespace mlopsctl::testing {

namespace {

// Type: field or field:type …  of Kubernetes 1.32. Types: s text (also where nothing is said), i
// whole number, b bool, q number or text, m map of texts, x anything, another Type; [] a list of
// it.
constexpr const char* schema_text = R"(
Meta: name generateName namespace labels:m annotations:m uid resourceVersion generation:i creationTimestamp deletionTimestamp
  deletionGracePeriodSeconds:i ownerReferences:Owner[] finalizers:s[] managedFields:x selfLink
Owner: apiVersion kind name uid controller:b blockOwnerDeletion:b
Selector: matchLabels:m matchExpressions:Expression[]
Expression: key operator values:s[]
Deployment: replicas:i selector:Selector template:PodTemplate strategy:Strategy minReadySeconds:i revisionHistoryLimit:i paused:b
  progressDeadlineSeconds:i
Strategy: type rollingUpdate:Rolling
Rolling: maxSurge:q maxUnavailable:q
ReplicaSet: replicas:i selector:Selector template:PodTemplate minReadySeconds:i
PodTemplate: metadata:Meta spec:Pod
Pod: volumes:Volume[] initContainers:Container[] containers:Container[] ephemeralContainers:x restartPolicy
  terminationGracePeriodSeconds:i activeDeadlineSeconds:i dnsPolicy nodeSelector:m serviceAccountName serviceAccount
  automountServiceAccountToken:b nodeName hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b securityContext:x
  imagePullSecrets:Reference[] hostname subdomain affinity:x schedulerName tolerations:Toleration[] hostAliases:x priorityClassName
  priority:i dnsConfig:x readinessGates:Gate[] runtimeClassName enableServiceLinks:b preemptionPolicy overhead:m
  topologySpreadConstraints:Spread[] setHostnameAsFQDN:b os:x hostUsers:b schedulingGates:x resourceClaims:x resources:Resources
Reference: name
Toleration: key operator value effect tolerationSeconds:i
Gate: conditionType
Spread: maxSkew:i topologyKey whenUnsatisfiable labelSelector:Selector minDomains:i nodeAffinityPolicy nodeTaintsPolicy
  matchLabelKeys:s[]
Volume: name configMap:ConfigMapVolume secret:SecretVolume emptyDir:EmptyDir persistentVolumeClaim:Claim hostPath:HostPath
  projected:Projected downwardAPI:x nfs:x csi:x ephemeral:x image:x iscsi:x fc:x rbd:x cephfs:x glusterfs:x azureDisk:x azureFile:x
  gcePersistentDisk:x awsElasticBlockStore:x cinder:x flexVolume:x vsphereVolume:x
ConfigMapVolume: name items:KeyPath[] defaultMode:i optional:b
SecretVolume: secretName items:KeyPath[] defaultMode:i optional:b
KeyPath: key path mode:i
EmptyDir: medium sizeLimit:q
Claim: claimName readOnly:b
HostPath: path type
Projected: sources:x defaultMode:i
Container: name image command:s[] args:s[] workingDir ports:Port[] envFrom:EnvFrom[] env:Env[] resources:Resources resizePolicy:x
  restartPolicy volumeMounts:Mount[] volumeDevices:x livenessProbe:Probe readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle
  terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext:x stdin:b stdinOnce:b tty:b
Port: name hostPort:i containerPort:i protocol hostIP
EnvFrom: prefix configMapRef:OptionalReference secretRef:OptionalReference
OptionalReference: name optional:b
Env: name value valueFrom:EnvSource
EnvSource: fieldRef:FieldReference resourceFieldRef:x configMapKeyRef:KeyReference secretKeyRef:KeyReference
FieldReference: apiVersion fieldPath
KeyReference: name key optional:b
Resources: limits:Amounts requests:Amounts claims:x
Mount: name readOnly:b recursiveReadOnly mountPath subPath subPathExpr mountPropagation
Probe: exec:Exec httpGet:HttpGet tcpSocket:Socket grpc:Grpc initialDelaySeconds:i timeoutSeconds:i periodSeconds:i successThreshold:i
  failureThreshold:i terminationGracePeriodSeconds:i
Exec: command:s[]
HttpGet: path port:q host scheme httpHeaders:x
Socket: port:q host
Grpc: port:i service
Lifecycle: postStart:Handler preStop:Handler
Handler: exec:Exec httpGet:HttpGet tcpSocket:Socket sleep:Sleep
Sleep: seconds:i
Service: ports:ServicePort[] selector:m clusterIP clusterIPs:s[] type externalIPs:s[] sessionAffinity loadBalancerIP
  loadBalancerSourceRanges:s[] externalName externalTrafficPolicy healthCheckNodePort:i publishNotReadyAddresses:b
  sessionAffinityConfig:x ipFamilies:s[] ipFamilyPolicy allocateLoadBalancerNodePorts:b loadBalancerClass internalTrafficPolicy
  trafficDistribution
ServicePort: name protocol appProtocol port:i targetPort:q nodePort:i
Lease: holderIdentity leaseDurationSeconds:i acquireTime renewTime leaseTransitions:i strategy preferredHolder
HorizontalPodAutoscaler: scaleTargetRef:CrossReference minReplicas:i maxReplicas:i metrics:Metric[] behavior:Behavior
CrossReference: apiVersion kind name
Metric: type resource:ResourceMetric pods:PodsMetric object:x external:ExternalMetric containerResource:x
ResourceMetric: name target:MetricTarget
PodsMetric: metric:MetricName target:MetricTarget
ExternalMetric: metric:MetricName target:MetricTarget
MetricName: name selector:Selector
MetricTarget: type value:q averageValue:q averageUtilization:i
Behavior: scaleUp:ScaleRules scaleDown:ScaleRules
ScaleRules: stabilizationWindowSeconds:i selectPolicy policies:ScalePolicy[]
ScalePolicy: type value:i periodSeconds:i
PodDisruptionBudget: minAvailable:q maxUnavailable:q selector:Selector unhealthyPodEvictionPolicy
Ingress: ingressClassName defaultBackend:IngressBackend tls:IngressTls[] rules:IngressRule[]
IngressTls: hosts:s[] secretName
IngressRule: host http:IngressHttp
IngressHttp: paths:IngressPath[]
IngressPath: path pathType backend:IngressBackend
IngressBackend: service:IngressService resource:x
IngressService: name port:IngressPort
IngressPort: name number:i
HTTPRoute: parentRefs:ParentReference[] hostnames:s[] rules:RouteRule[]
ParentReference: group kind namespace name sectionName port:i
RouteRule: name matches:x filters:x backendRefs:BackendReference[] timeouts:x retry:x sessionPersistence:x
BackendReference: group kind name namespace port:i weight:i filters:x
)";

using Fields = std::map<std::string, std::string>;

const std::map<std::string, Fields>& schema() {
  static const auto parsed = [] {
    std::map<std::string, Fields> types;
    std::istringstream words(schema_text);
    std::string word;
    Fields* current = nullptr;
    while (words >> word) {
      if (word.ends_with(':')) {
        current = &types[word.substr(0, word.size() - 1)];
        continue;
      }
      const auto colon = word.find(':');
      (*current)[word.substr(0, colon)] = colon == std::string::npos ? "s" : word.substr(colon + 1);
    }
    types["Amounts"] = {};
    return types;
  }();
  return parsed;
}

class Check {
 public:
  Check(std::string kind, bool drop) : kind_(std::move(kind)), drop_(drop) {}

  void value(Json& value, const std::string& type, const std::string& path) {
    if (value.is_null() || type == "x") return;
    if (type.ends_with("[]")) {
      if (!value.is_array()) wrong(value, path, "[]");
      for (std::size_t i = 0; i < value.size(); ++i)
        this->value(value[i], type.substr(0, type.size() - 2),
                    path + "[" + std::to_string(i) + "]");
    } else if (type == "s") {
      if (!value.is_string()) wrong(value, path, "string");
    } else if (type == "i") {
      if (!value.is_number_integer()) wrong(value, path, "int32");
    } else if (type == "b") {
      if (!value.is_boolean()) wrong(value, path, "bool");
    } else if (type == "q") {
      if (!value.is_number() && !value.is_string()) wrong(value, path, "intstr.IntOrString");
    } else if (type == "m" || type == "Amounts") {
      if (!value.is_object()) wrong(value, path, "map[string]string");
      for (auto& member : value)
        if (!member.is_string() && !member.is_null() && (type == "m" || !member.is_number()))
          wrong(member, path, "string");
    } else {
      fields(value, schema().at(type), path);
    }
  }

  std::vector<std::string> unknown;

 private:
  void fields(Json& object, const Fields& known, const std::string& path) {
    if (!object.is_object()) wrong(object, path, "object");
    for (auto member = object.begin(); member != object.end();) {
      const auto here = path + "." + member.key();
      const auto found = known.find(member.key());
      if (found != known.end()) {
        value(member.value(), found->second, here);
        ++member;
        continue;
      }
      unknown.push_back(here);
      member = drop_ ? object.erase(member) : std::next(member);
    }
  }
  [[noreturn]] void wrong(const Json& value, const std::string& path,
                          const std::string& wanted) const {
    throw bad_request(fmt::format(
        "{0} in version \"v1\" cannot be handled as a {0}: json: cannot unmarshal {1} into Go "
        "struct field .{2} of type {3}",
        kind_, value.type_name(), path, wanted));
  }
  std::string kind_;
  bool drop_;
};

// Members of the top that are not in spec.
bool is_top(const ResourceType& type, const std::string& key) {
  if (key == "apiVersion" || key == "kind" || key == "metadata" || key == "spec" || key == "status")
    return true;
  if (type.kind == "ConfigMap") return key == "data" || key == "binaryData" || key == "immutable";
  if (type.kind == "Secret")
    return key == "data" || key == "stringData" || key == "type" || key == "immutable";
  return !schema().contains(std::string(type.kind));
}

std::vector<std::string> check(const ResourceType& type, Json& object, bool drop) {
  Check check{std::string(type.kind), drop};
  if (object.contains("metadata")) check.value(object["metadata"], "Meta", "metadata");
  if (object.contains("spec") && schema().contains(std::string(type.kind)))
    check.value(object["spec"], std::string(type.kind), "spec");
  for (auto member = object.begin(); member != object.end();) {
    if (is_top(type, member.key())) {
      ++member;
      continue;
    }
    check.unknown.push_back(member.key());
    member = drop ? object.erase(member) : std::next(member);
  }
  return check.unknown;
}

}  // namespace

std::vector<std::string> unknown_fields(const ResourceType& type, const Json& object) {
  Json copy = object;
  return check(type, copy, false);
}

void drop_unknown_fields(const ResourceType& type, Json& object) { check(type, object, true); }

}  // namespace mlopsctl::testing
