package elkseal.lab;

import java.util.List;
import java.util.Set;

import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.support.ActionFilter;
import org.elasticsearch.protocol.xpack.XPackInfoResponse;
import org.elasticsearch.protocol.xpack.XPackInfoResponse.BuildInfo;
import org.elasticsearch.protocol.xpack.XPackInfoResponse.FeatureSetsInfo;
import org.elasticsearch.protocol.xpack.XPackInfoResponse.FeatureSetsInfo.FeatureSet;
import org.elasticsearch.protocol.xpack.XPackInfoResponse.LicenseInfo;
import org.elasticsearch.protocol.xpack.license.LicenseStatus;
import org.elasticsearch.xpack.core.action.XPackUsageResponse;

/** GET /_xpack and /_xpack/usage ask every module and fail when one is absent: this answers for those that are there. */
final class FeatureAnswers extends ActionFilter.Simple {
    /** Behind security's own filter, so that privileges are checked first. */
    @Override
    public int order() {
        return 0;
    }

    @Override
    protected boolean apply(String action, ActionRequest request, ActionListener<?> listener) {
        return switch (action) {
            case "cluster:monitor/xpack/info" -> answer(listener, info());
            case "cluster:monitor/xpack/usage" -> answer(listener, new XPackUsageResponse(List.of()));
            default -> true;
        };
    }

    @SuppressWarnings("unchecked")
    private static <T> boolean answer(ActionListener<?> listener, T response) {
        ((ActionListener<T>) listener).onResponse(response);
        return false;
    }

    private static XPackInfoResponse info() {
        Build build = Build.current();
        var features = Set.of(
            new FeatureSet("security", true, true),
            new FeatureSet("monitoring", true, true),
            new FeatureSet("ilm", false, false)
        );
        return new XPackInfoResponse(
            new BuildInfo(build.hash(), build.date()),
            new LicenseInfo("elkseal-lab", "basic", "basic", LicenseStatus.ACTIVE, -1),
            new FeatureSetsInfo(features)
        );
    }
}
