package main

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A kind of objects, with an empty one.
type kind struct {
	gvk   schema.GroupVersionKind
	empty runtime.Object
}

var kinds = []kind{
	{corev1.SchemeGroupVersion.WithKind("Pod"), &corev1.Pod{}},
	{appsv1.SchemeGroupVersion.WithKind("Deployment"), &appsv1.Deployment{}},
	{corev1.SchemeGroupVersion.WithKind("Service"), &corev1.Service{}},
	{corev1.SchemeGroupVersion.WithKind("ConfigMap"), &corev1.ConfigMap{}},
	{corev1.SchemeGroupVersion.WithKind("Secret"), &corev1.Secret{}},
	{corev1.SchemeGroupVersion.WithKind("Node"), &corev1.Node{}},
	{appsv1.SchemeGroupVersion.WithKind("StatefulSet"), &appsv1.StatefulSet{}},
	{appsv1.SchemeGroupVersion.WithKind("DaemonSet"), &appsv1.DaemonSet{}},
	{batchv1.SchemeGroupVersion.WithKind("CronJob"), &batchv1.CronJob{}},
	{corev1.SchemeGroupVersion.WithKind("ServiceAccount"), &corev1.ServiceAccount{}},
	{corev1.SchemeGroupVersion.WithKind("PersistentVolume"), &corev1.PersistentVolume{}},
	{corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"), &corev1.PersistentVolumeClaim{}},
	{corev1.SchemeGroupVersion.WithKind("Endpoints"), &corev1.Endpoints{}},
	{discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), &discoveryv1.EndpointSlice{}},
	{networkingv1.SchemeGroupVersion.WithKind("Ingress"), &networkingv1.Ingress{}},
	{networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), &networkingv1.NetworkPolicy{}},
	{policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), &policyv1.PodDisruptionBudget{}},
	{rbacv1.SchemeGroupVersion.WithKind("ClusterRole"), &rbacv1.ClusterRole{}},
	{storagev1.SchemeGroupVersion.WithKind("CSINode"), &storagev1.CSINode{}},
	{autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), &autoscalingv2.HorizontalPodAutoscaler{}},
	{admissionregistrationv1.SchemeGroupVersion.WithKind("MutatingWebhookConfiguration"), &admissionregistrationv1.MutatingWebhookConfiguration{}},
}

// Kinds whose types client-go does not know.
var patchedOnly = []kind{
	{apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"), &apiextensionsv1.CustomResourceDefinition{}},
}

// A new object of the kind that knows what it is.
func (k kind) object() runtime.Object {
	object := k.empty.DeepCopyObject()
	object.GetObjectKind().SetGroupVersionKind(k.gvk)
	return object
}

// The tree of an object.
func tree(object runtime.Object) map[string]any {
	tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		fail(err)
	}
	return tree
}

// The object of a tree, or none if it is not of the kind.
func (k kind) parse(tree map[string]any) runtime.Object {
	object := k.empty.DeepCopyObject()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(tree, object); err != nil {
		return nil
	}
	object.GetObjectKind().SetGroupVersionKind(k.gvk)
	return object
}
