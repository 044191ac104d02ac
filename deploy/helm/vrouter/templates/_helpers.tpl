{{- define "vrouter.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "vrouter.backend" -}}
{{- if eq .Values.mode "policy-only" }}none{{ else if .Values.bgp.enabled }}bird{{ else }}vxlan{{ end }}
{{- end }}

{{- /* One of the two words that a pool's encapsulation is in Calico's environment: Always, CrossSubnet or Never. */}}
{{- define "vrouter.encapsulation" -}}
{{- if eq .of .kind }}Always{{ else if eq .of (printf "%sCrossSubnet" .kind) }}CrossSubnet{{ else }}Never{{ end }}
{{- end }}

{{- /* What a schema can't say of values that do not go together. */}}
{{- define "vrouter.check" -}}
{{- if and (eq .Values.mode "policy-only") (ne .Values.datastore.type "kubernetes") }}
{{- fail "mode policy-only needs datastore.type kubernetes: it learns from Kubernetes which pods another plugin has wired" }}
{{- end }}
{{- if and (eq .Values.datastore.type "etcdv3") (not .Values.datastore.etcd.endpoints) }}
{{- fail "datastore.type etcdv3 needs datastore.etcd.endpoints, such as https://192.0.2.1:2379" }}
{{- end }}
{{- if and .Values.page.host (not (and .Values.page.tlsSecret .Values.page.tokenSecret)) }}
{{- fail "page.host needs page.tlsSecret and page.tokenSecret: others reach that address, and would read all there is to know" }}
{{- end }}
{{- if and (eq .Values.mode "network") (not .Values.bgp.enabled) (not (hasPrefix "VXLAN" .Values.pools.ipv4.encapsulation)) }}
{{- fail (printf "pools.ipv4.encapsulation %s needs BGP: with bgp.enabled false use VXLAN or VXLANCrossSubnet" .Values.pools.ipv4.encapsulation) }}
{{- end }}
{{- end }}
