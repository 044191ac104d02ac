/** The structs of Kubernetes' API that Calico's have in them, as `STRUCTS` has its own. */
export const KUBERNETES_STRUCTS = {
  ObjectMeta: `name:string generateName:string namespace:string selfLink:string uid:types.UID resourceVersion:string
    generation:int64 creationTimestamp:time deletionTimestamp:*time deletionGracePeriodSeconds:*int64
    labels:map[string]string annotations:map[string]string ownerReferences:[]OwnerReference finalizers:[]string
    clusterName:string managedFields:[]ManagedFieldsEntry`,
  OwnerReference: `apiVersion!:string kind!:string name!:string uid!:types.UID controller:*bool
    blockOwnerDeletion:*bool`,
  ManagedFieldsEntry: `manager:string operation:string apiVersion:string time:*time fieldsType:string fieldsV1:any
    subresource:string`,
  Condition: `type!:string status!:v1.ConditionStatus observedGeneration:int64 lastTransitionTime!:time reason!:string
    message!:string`,
  LabelSelector: 'matchLabels:map[string]string matchExpressions:[]LabelSelectorRequirement',
  LabelSelectorRequirement: 'key!:string operator!:v1.LabelSelectorOperator values:[]string',
  NetworkPolicyIngressRule: 'ports:[]NetworkPolicyPort from:[]NetworkPolicyPeer',
  NetworkPolicyEgressRule: 'ports:[]NetworkPolicyPort to:[]NetworkPolicyPeer',
  NetworkPolicyPort: 'protocol:*v1.Protocol port:*intOrString endPort:*int32',
  NetworkPolicyPeer: 'podSelector:*LabelSelector namespaceSelector:*LabelSelector ipBlock:*IPBlock',
  IPBlock: 'cidr!:string except:[]string',
} as const satisfies Readonly<Record<string, string>>;
